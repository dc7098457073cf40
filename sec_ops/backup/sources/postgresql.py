"""`postgresql`: one database as a dump, with counts and checksums from the dump's own snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sec_ops.backup.by_hand import Hand, Step, word
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.postgres import (
    COUNT,
    MARK,
    PostgresSettings,
    beats,
    client,
    moment,
    opening,
    read_counts,
    session,
    steady,
)
from sec_ops.backup.dumping.tapping import Words, quiet, tapped, told
from sec_ops.backup.source import Beat, Capture, Facts, Loading, Order, Part, Report
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.transport.dialogue import Dialogue

__all__ = ["SOURCE"]

_CLOSING = "-- PostgreSQL database dump complete"
_MARGIN_SECONDS = 60.0
_SNAPSHOT = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    " SELECT pg_export_snapshot(), extract(epoch FROM clock_timestamp());"
)


class Settings(PostgresSettings):
    """A database, dumped in `custom` form for parallel restores or `plain` as SQL; neither compressed: restic does."""

    format: Literal["custom", "plain"] = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    parts: Sequence[Part]
    taken_at: datetime
    spoken: Dialogue
    report: Report

    def facts(self) -> Facts:
        """Return what was counted in the snapshot while the dump ran, and the dump as it went by."""
        (part,) = self.parts
        dumped = told(self.report, part.filename).dumped
        return replace(read_counts(self.spoken.hear(MARK)), taken_at=self.taken_at, dumped=(dumped,))


class PostgresDump:
    """A database of PostgreSQL."""

    verified = True
    settings = Settings
    keeps = True

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Hold a snapshot open; the dump and the counts both read it, what is committed later is in the next one."""
        settings = Settings.model_validate(order.source.settings)
        deadline = order.deadline_seconds + _MARGIN_SECONDS
        held = session(settings, order, settings.database, deadline_seconds=deadline)
        with held as spoken, order.doors.report() as report:
            spoken.say(opening(_SNAPSHOT))
            snapshot, taken_at = _snapshot(spoken.hear(MARK))
            spoken.say(steady(COUNT))
            options = ("--snapshot", snapshot, "--no-password", *_FORMS[settings.format])
            ends = _CLOSING if settings.format == "plain" else ""
            dump = client("pg_dump", settings, order, options, database=settings.database, ends=ends)
            part = Part(name="dump", command=tapped(dump, order.doors, report), filename=_filename(settings))
            yield _Capture(parts=(part,), taken_at=taken_at, spoken=spoken, report=report)

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Make the database and load the dump; what belongs to missing roles belongs to who loads it."""
        settings = Settings.model_validate(order.source.settings)
        made = client(
            "psql", settings, order, (*_QUIET, "--command", f"CREATE DATABASE {_quoted(into)}"), database=_ANY
        )
        loads = {
            "custom": ("pg_restore", ("--exit-on-error", "--no-owner", "--no-privileges", "--no-password")),
            "plain": ("psql", (*_QUIET, "--output", "/dev/null")),
        }
        program, options = loads[settings.format]
        loaded = client(program, settings, order, options, database=into)
        return (
            Loading(arguments=quiet(made, order.doors)),
            Loading(arguments=quiet(loaded, order.doors), reads=_filename(settings)),
        )

    def tables_in(self, order: Order, into: str) -> int | None:
        """Count tables, views and the like of a database."""
        settings = Settings.model_validate(order.source.settings)
        found = _told(settings, order, _THERE.format(into=_literal(into)), _ANY)
        return int(_told(settings, order, _RELATIONS, into)) if found else None

    def beside(self, order: Order, into: str, fresh: str) -> Sequence[Loading]:
        """Make it with the other's owner, encoding and locale, and load with owners and rights: the roles are there."""
        settings = Settings.model_validate(order.source.settings)
        made = _told(settings, order, _LIKE.format(into=_literal(into), fresh=_literal(fresh)), _ANY)
        loads = {
            "custom": ("pg_restore", ("--exit-on-error", "--no-password")),
            "plain": ("psql", (*_QUIET, "--output", "/dev/null")),
        }
        program, options = loads[settings.format]
        loaded = client(program, settings, order, options, database=fresh)
        return (
            Loading(arguments=quiet(_said(settings, order, made), order.doors)),
            Loading(arguments=quiet(loaded, order.doors), reads=_filename(settings)),
        )

    def replacing(self, order: Order, into: str, fresh: str, aside: str) -> Sequence[Loading]:
        """Change the two names in one transaction, which is refused while anybody is connected."""
        settings = Settings.model_validate(order.source.settings)
        renames = [
            f"ALTER DATABASE {_quoted(old)} RENAME TO {_quoted(new)}" for old, new in ((into, aside), (fresh, into))
        ]
        return (Loading(arguments=quiet(_said(settings, order, *renames), order.doors)),)

    def recount(self, order: Order, into: str) -> Facts:
        """Count the tables of a database as the backup counted them."""
        settings = Settings.model_validate(order.source.settings)
        with session(settings, order, into, deadline_seconds=order.deadline_seconds) as spoken:
            spoken.say(steady("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" + COUNT))
            return read_counts(spoken.hear(MARK))

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Make the database and load the dump into it."""
        name = word(settings.database)
        loads = {
            "custom": "pg_restore --exit-on-error --no-owner --no-privileges --dbname",
            "plain": "psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --dbname",
        }
        loaded = f"{hand.dump('dump', _filename(settings))} | {loads[settings.format]} {name}"
        made = message(
            "on the new PostgreSQL server, as an account that may make databases (PGHOST, PGPORT and PGUSER say which)"
        )
        rest = message("make the roles that the application signs in with, and give them their rights: a dump has none")
        return (Step(what=made, commands=(f"createdb -- {name}", loaded)), Step(what=rest))

    def beating(self, order: Order) -> AbstractContextManager[Beat]:
        """Hold a session whose beats are committed one by one."""
        settings = Settings.model_validate(order.source.settings)
        return beats(settings, order, settings.database)


_FORMS = {"custom": ("--format=custom", "--compress=0"), "plain": ("--format=plain",)}
_QUIET = ("--no-psqlrc", "--no-password", "--quiet", "--set", "ON_ERROR_STOP=1")
_ANY = "postgres"


_THERE = "SELECT 1 FROM pg_database WHERE datname = {into}"
_RELATIONS = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""
_LIKE = """
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', {fresh}::text,
    pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)
FROM pg_database WHERE datname = {into}
"""


def _told(settings: Settings, order: Order, statement: str, database: str) -> str:
    """Return what a query says."""
    more = (*_QUIET, "--tuples-only", "--no-align", "--command", statement)
    return asked(client("psql", settings, order, more, database=database), order.doors).strip()


def _said(settings: Settings, order: Order, *statements: str) -> Words:
    """Return the command that runs statements, several as one transaction."""
    words = [word for each in statements for word in ("--command", each)]
    more = (*_QUIET, *(("--single-transaction",) if len(statements) > 1 else ()), *words)
    return client("psql", settings, order, more, database=_ANY)


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _filename(settings: Settings) -> str:
    return f"{settings.database}.{'dump' if settings.format == 'custom' else 'sql'}"


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _snapshot(lines: Sequence[str]) -> tuple[str, datetime]:
    try:
        snapshot, _bar, epoch = lines[-1].partition("|")
        return snapshot, moment(epoch)
    except (IndexError, ValueError) as error:
        raise ProgramFailed(message("PostgreSQL gave no snapshot"), why="\n".join(lines)[:200]) from error


SOURCE = PostgresDump()
