"""`postgresql_base`: a whole PostgreSQL server as base backup and write-ahead log, restorable to any moment between.

The server's `archive_command` copies finished segments into a folder; each run of the plan closes the current segment,
waits until it is archived, and saves the folder. A base backup is taken when the last one is old enough.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step, below
from sec_ops.backup.dumping.postgres import (
    LAST_HEARTBEAT,
    MARK,
    PostgresServer,
    beats,
    client,
    moment,
    opening,
    read_counts,
    session,
    steady,
)
from sec_ops.backup.dumping.tapping import Words, quiet, tapped, told
from sec_ops.backup.source import Arguments, Beat, Capture, Facts, Loading, Order, Part, Report
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty
from sec_ops.transport.dialogue import Dialogue

__all__ = ["SOURCE"]

_BASE = "base.tar"
_OPTIONS = ("--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--no-password")
_ARCHIVE_SECONDS = 120
_RESTORE = r'''"restore_command = 'cp \"%s/%%f\" \"%%p\"'\n"'''
_SWITCH = "SELECT extract(epoch FROM clock_timestamp()); SELECT pg_walfile_name(pg_switch_wal());"
_STATE = (
    "SELECT coalesce(left(last_archived_wal, 24), ''),"
    " coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false),"
    " coalesce(last_failed_wal, '') FROM pg_stat_archiver, pg_sleep(0.1);"
)


class Settings(PostgresServer):
    """A server, the folder its segments are archived to, and how old a base backup may become."""

    archive: NonEmpty = Field(description="folder that archive_command copies finished segments to")
    base_every_hours: int = Field(default=24, ge=1, le=744)
    database: NonEmpty = Field(default="postgres", description="database to sign in to; its heartbeat is read")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    parts: Sequence[Part]
    taken_at: datetime
    heartbeat: datetime | None
    segment: str
    report: Report = field(repr=False)

    def facts(self) -> Facts:
        """Return up to where the log reaches, and the base backup as it went by if there was one."""
        bases = [told(self.report, _BASE).dumped for part in self.parts if part.command]
        details = {"last_segment": self.segment}
        return Facts(taken_at=self.taken_at, heartbeat=self.heartbeat, dumped=tuple(bases), details=details)


class PostgresBase:
    """A PostgreSQL server with its log."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Close the segment and wait for the archive; raises EngineError when archiving doesn't work."""
        settings = Settings.model_validate(order.source.settings)
        with session(settings, order, settings.database, deadline_seconds=_ARCHIVE_SECONDS * 2) as spoken:
            spoken.say(steady(LAST_HEARTBEAT))
            heartbeat = read_counts(spoken.hear(MARK)).heartbeat
            taken_at, segment = _switched(spoken)
            _wait(spoken, segment, order)
        with order.doors.report() as report:
            wal = Part(name="wal", paths=(PurePath(settings.archive),))
            yield _Capture(
                parts=(wal, *_base(settings, order, report)),
                taken_at=taken_at,
                heartbeat=heartbeat,
                segment=segment,
                report=report,
            )

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Unpack the base backup into the new data folder `into`; the log comes back as files."""
        made = Words(arguments=("mkdir", "--parents", "--mode=0700", "--", into))
        words = Words(arguments=("tar", "--extract", "--file=-", f"--directory={into}"))
        return (
            Loading(arguments=quiet(made, order.doors)),
            Loading(arguments=quiet(words, order.doors), reads=_BASE),
        )

    def verifying(self, order: Order, into: str) -> Arguments:
        """Return `pg_verifybackup`, by the manifest the server wrote; the log was proved file by file."""
        settings = Settings.model_validate(order.source.settings)
        words = Words(arguments=(settings.program("pg_verifybackup"), "--no-parse-wal", "--quiet", into))
        return quiet(words, order.doors)

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: a base backup is proved by `pg_verifybackup`, its databases by their own sources."""
        return Facts()

    def log_folder(self, settings: Settings) -> PurePath:
        """Return the folder of archived segments."""
        return PurePath(settings.archive)

    def asked(self, order: Order) -> Facts:
        """Return the last heartbeat of the database that is signed in to."""
        settings = Settings.model_validate(order.source.settings)
        with session(settings, order, settings.database, deadline_seconds=order.deadline_seconds) as spoken:
            spoken.say(steady(LAST_HEARTBEAT))
            return read_counts(spoken.hear(MARK))

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Unpack the last base backup before the run, bring the log back, recover up to its end."""
        data = hand.kept("data")
        base = f"{hand.dump('base', _BASE, run='BASE')} | tar --extract --directory={data}"
        settled = f"{data}/postgresql.auto.conf"
        lines = (
            f"printf {_RESTORE} {below(settings.archive)} >> {settled}",
            f"echo 'archive_mode = off' >> {settled}",
            f"touch {data}/recovery.signal",
        )
        which = message("not every run has a base backup: choose the last one up to the chosen run that has")
        unpack = message(
            "unpack it into an empty folder and check it; on Debian the program is in /usr/lib/postgresql/*/bin"
        )
        moment = message(
            "have PostgreSQL recover up to the end of the log; recovery_target_time in postgresql.auto.conf stops it "
            "at a moment before"
        )
        start = message(
            "give the folders to the account of PostgreSQL, put the data where the server looks for it, start it, and "
            "see in its log that the recovery ended"
        )
        return (
            Step(what=which, commands=(hand.runs("base"), "read -r -p 'base: ' BASE")),
            Step(what=unpack, commands=(f"mkdir -m 700 {data}", base, f"pg_verifybackup --no-parse-wal {data}")),
            Step(what=message("fetch the log"), commands=(hand.restore("wal"),)),
            Step(what=moment, commands=lines),
            Step(what=start),
        )

    def beating(self, order: Order) -> AbstractContextManager[Beat]:
        """Hold a session whose beats are committed one by one."""
        settings = Settings.model_validate(order.source.settings)
        return beats(settings, order, settings.database)


def _base(settings: Settings, order: Order, report: Report) -> Sequence[Part]:
    """Return the base backup when it is time for one."""
    last = order.last_good("base")
    if last is not None and order.doors.clock.now() - last < timedelta(hours=settings.base_every_hours):
        return ()
    words = client("pg_basebackup", settings, order, _OPTIONS, database=settings.database)
    return (Part(name="base", command=tapped(words, order.doors, report), filename=_BASE),)


def _switched(spoken: Dialogue) -> tuple[datetime, str]:
    spoken.say(opening(_SWITCH))
    lines = spoken.hear(MARK)
    try:
        return moment(lines[0]), lines[1]
    except (IndexError, ValueError) as error:
        raise ProgramFailed(message("PostgreSQL would not close its segment"), why="\n".join(lines)[:200]) from error


def _wait(spoken: Dialogue, segment: str, order: Order) -> None:
    """Wait until the segment is archived."""
    end = order.doors.clock.monotonic_ms() + _ARCHIVE_SECONDS * 1000
    while True:
        spoken.say(opening(_STATE))
        archived, failing, failed = [*spoken.hear(MARK), "||"][0].split("|")
        # Segments are named by timeline and number; a newer timeline sorts later, as it should.
        if archived >= segment:
            return
        if failing == "t" or order.doors.clock.monotonic_ms() > end:
            what = message("PostgreSQL does not archive its log: {segment} waits", segment=failed or segment)
            raise EngineError(what, advice=message("see archive_mode, archive_command and the server's log"))


SOURCE = PostgresBase()
