"""`postgresql_receivewal`: the write-ahead log as it is written, received by `pg_receivewal` at another site.

`sec-ops backup receive` keeps the receiver alive. With the receiver among the server's `synchronous_standby_names`
nothing that was committed is lost with the server, and writes stop while the receiver is away: the plan says which.
The segment that is being written is not saved, as nothing could prove what changes: it is where it is received.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.postgres import MARK, PostgresServer, client, moment, opening, session
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty

__all__ = ["SOURCE"]

_STATE = (
    "SELECT extract(epoch FROM clock_timestamp()), coalesce(max(state), ''), coalesce(max(sync_state), ''),"
    " coalesce(max(flush_lsn)::text, '') FROM pg_stat_replication WHERE application_name = :'name';"
)
_DAY_SECONDS = 86_400.0


class Settings(PostgresServer):
    """A server, the slot that keeps its log for the receiver, and the folder the log is received into."""

    slot: str = Field(pattern=r"^[a-z0-9_]{1,63}$")
    folder: NonEmpty
    synchronous: bool = Field(description="whether commits wait for the receiver; told, never guessed")
    database: NonEmpty = Field(default="postgres", description="database to sign in to")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    parts: Sequence[Part]
    taken_at: datetime
    position: str

    def facts(self) -> Facts:
        """Return up to where the log was received."""
        return Facts(taken_at=self.taken_at, details={"flushed": self.position})


class ReceivedLog:
    """The received log of a PostgreSQL server."""

    verified = True
    settings = Settings

    def exposure_seconds(self, settings: Settings, cycle_seconds: int) -> int:
        """Return 0 when commits wait for the receiver; else no bound is known but the cycle."""
        return 0 if settings.synchronous else cycle_seconds

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Ask the server whether the receiver keeps up as the plan says; raises EngineError when it doesn't."""
        settings = Settings.model_validate(order.source.settings)
        taken_at, state, sync_state, position = _state(settings, order)
        if state != "streaming":
            what = message("nobody receives the log of slot {slot}", slot=settings.slot)
            raise EngineError(what, advice=message("keep running: sec-ops backup receive"))
        if settings.synchronous and sync_state not in ("sync", "quorum"):
            what = message("commits do not wait for the receiver of slot {slot}", slot=settings.slot)
            advice = message("name {slot} in synchronous_standby_names of the server", slot=settings.slot)
            raise EngineError(what, advice=advice)
        part = Part(name="wal", paths=(PurePath(settings.folder),), excludes=("*.partial",))
        yield _Capture(parts=(part,), taken_at=taken_at, position=position)

    def loading(self, _order: Order, _into: str) -> Sequence[Loading]:
        """Nothing: the log comes back as files, for a base backup to be recovered with."""
        return ()

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: databases are counted by their own sources."""
        return Facts()

    def log_folder(self, settings: Settings) -> PurePath:
        """Return the folder that the log is received into."""
        return PurePath(settings.folder)

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring the saved segments back for a base backup of the same server, and say where the rest is."""
        what = message(
            "the finished segments of the write-ahead log: recover a base backup of the same server with them; later "
            "segments, and the one that was being written (copy it without its ending .partial), are only where they "
            "were received: {folder}",
            folder=settings.folder,
        )
        return (Step(what=what, commands=(hand.restore("wal"),)),)

    def receive(self, order: Order, ended: Callable[[EngineError], bool]) -> None:
        """Receive for good; whenever the receiver ends, ask `ended`, which may wait, whether to start it again."""
        settings = Settings.model_validate(order.source.settings)
        asked(Words(arguments=("mkdir", "-p", "-m", "700", "--", settings.folder)), order.doors)
        again = True
        while again:
            try:
                asked(_receiver(settings, order, ("--create-slot", "--if-not-exists")), order.doors)
                options = ("--directory", settings.folder, "--synchronous", "--no-loop")
                asked(_receiver(settings, order, options), order.doors, deadline_seconds=_DAY_SECONDS)
                again = ended(EngineError(message("the receiver of slot {slot} ended", slot=settings.slot)))
            except EngineError as error:
                again = ended(error)


def _receiver(settings: Settings, order: Order, options: Sequence[str]) -> Words:
    more = ("--slot", settings.slot, "--no-password", *options)
    return client("pg_receivewal", settings, order, more, database=settings.database, name=settings.slot)


def _state(settings: Settings, order: Order) -> tuple[datetime, str, str, str]:
    with session(settings, order, settings.database, deadline_seconds=60) as spoken:
        spoken.say(opening(f"\\set name {settings.slot}\n{_STATE}"))
        epoch, state, sync_state, position = spoken.hear(MARK)[0].split("|")
        return moment(epoch), state, sync_state, position


SOURCE = ReceivedLog()
