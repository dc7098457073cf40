"""PostgreSQL: connection, session, and counts of all tables within one snapshot."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import Field

from sec_ops.backup.dumping.servers import ServerSettings
from sec_ops.backup.dumping.tapping import Words, quiet
from sec_ops.backup.source import Beat, Facts, Order, Table
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.dialogue import Dialogue

__all__ = [
    "COUNT",
    "LAST_HEARTBEAT",
    "MARK",
    "PostgresServer",
    "PostgresSettings",
    "beats",
    "client",
    "moment",
    "opening",
    "read_counts",
    "session",
    "steady",
]

MARK = "sec-ops: done"
_STEADY = (
    "SET row_security = off; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'iso_8601'; SET timezone = 'UTC';"
    " SET extra_float_digits = 1; SET bytea_output = 'hex'; SET search_path = pg_catalog;\n"
)
"""Rows must read alike on every server, whatever its settings."""

_TABLES = r"""
SELECT format(
  'SELECT json_build_object(''table'', %L::text, ''rows'', count(*), ''checksum'','
  ' coalesce(sum((''x'' || left(md5("sec-ops row"::text), 16))::bit(64)::bigint::numeric), 0)::text)'
  ' FROM ONLY %I.%I AS "sec-ops row"', n.nspname || '.' || c.relname, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
\gexec
"""
"""Counts and checksums of the tables a dump holds, each a JSON document on a line; tables of extensions are theirs.

The checksum is the sum of the first 64 bits of each row's MD5: the order of rows does not matter.
"""

LAST_HEARTBEAT = r"""
SELECT format('SELECT json_build_object(''heartbeat'', extract(epoch FROM max(at))) FROM %I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'sec_ops_heartbeat' AND c.relkind = 'r' AND n.nspname !~ '^pg_' LIMIT 1
\gexec
"""
"""The last beat, as a JSON document, where there is a table of heartbeats."""

COUNT = _TABLES + LAST_HEARTBEAT

_HEARTBEAT = (
    "INSERT INTO sec_ops_heartbeat (source, at, beats) VALUES ('sec-ops', clock_timestamp(), 1)"
    " ON CONFLICT (source) DO UPDATE SET at = excluded.at, beats = sec_ops_heartbeat.beats + 1"
)


class PostgresServer(ServerSettings):
    """A PostgreSQL server."""


class PostgresSettings(PostgresServer):
    """A database of a PostgreSQL server."""

    database: NonEmpty = Field(description="name of the database")


def client(
    program: str,
    settings: PostgresServer,
    order: Order,
    more: Sequence[str],
    *,
    database: str,
    ends: str = "",
    name: str = "sec-ops",
) -> Words:
    """Return a client program with its connection, which the server knows by `name`; the password comes in a file."""
    connection = _connection(settings, database, name, passfile=order.secret is not None)
    files = {"PASSFILE": _password_file(order.secret)} if order.secret else {}
    return Words(arguments=(settings.program(program), "--dbname", connection, *more), files=files, ends=ends)


@contextmanager
def session(settings: PostgresServer, order: Order, database: str, *, deadline_seconds: float) -> Iterator[Dialogue]:
    """Speak with psql: plain lines, and an end at the first error."""
    more = ("--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1")
    words = client("psql", settings, order, more, database=database)
    with order.doors.talk(quiet(words, order.doors), deadline_seconds=deadline_seconds) as spoken:
        yield spoken


@contextmanager
def beats(settings: PostgresServer, order: Order, database: str) -> Iterator[Beat]:
    """Hold a session whose beats are committed one by one."""
    with session(settings, order, database, deadline_seconds=order.deadline_seconds) as spoken:

        def beat() -> None:
            spoken.say(opening(f"{_HEARTBEAT};"))
            spoken.hear(MARK)

        yield beat


def opening(text: str) -> str:
    """Return statements for a session, closed by the mark."""
    return f"{text}\n\\echo {MARK}\n"


def steady(text: str) -> str:
    """Return statements whose values read alike on every server, closed by the mark."""
    return opening(_STEADY + text)


def read_counts(lines: Iterable[str]) -> Facts:
    """Return tables and heartbeat from the answer to `COUNT`; raises ProgramFailed for one that can't be read."""
    tables, heartbeat = [], None
    for line in filter(None, lines):
        try:
            told = json.loads(line)
            if "table" in told:
                tables.append(Table(name=told["table"], rows=told["rows"], checksum=told["checksum"]))
            elif told["heartbeat"] is not None:
                heartbeat = moment(str(told["heartbeat"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ProgramFailed(message("the counts of PostgreSQL can't be read"), why=line[:200]) from error
    return Facts(tables=tuple(tables), heartbeat=heartbeat)


def moment(epoch: str) -> datetime:
    """Return the moment of seconds since 1970; raises ValueError."""
    return datetime.fromtimestamp(float(epoch), UTC)


@dataclass(frozen=True, slots=True)
class _Pair:
    name: str
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace("'", "\\'")
        return f"{self.name}='{escaped}'"


def _connection(settings: PostgresServer, database: str, name: str, *, passfile: bool) -> str:
    """Return a connection string of libpq; outside of this machine only by TLS with a checked certificate."""
    pairs = [_Pair("user", settings.user), _Pair("dbname", database), _Pair("connect_timeout", "10")]
    pairs += [_Pair("application_name", name), *([_Pair("passfile", "@PASSFILE@")] if passfile else [])]
    if settings.server:
        pairs.append(_Pair("host", settings.server))
    if settings.port:
        pairs.append(_Pair("port", str(settings.port)))
    if not settings.local:
        pairs.append(_Pair("sslmode", "verify-full"))
    if settings.certificate:
        pairs.append(_Pair("sslrootcert", settings.certificate))
    return " ".join(map(str, pairs))


def _password_file(secret: Secret) -> Secret:
    """Return a password file of libpq that holds for every server (the program is told one only)."""
    escaped = secret.get_secret_value().replace("\\", "\\\\").replace(":", "\\:")
    return Secret(f"*:*:*:*:{escaped}\n")
