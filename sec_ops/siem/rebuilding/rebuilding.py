"""Making events again: what is damaged is taken out, then the raw log is understood once more for what is lacking.

Killed anywhere, the next run goes on: what was taken out stays listed until its events are there, each event is stored
in the transaction that counts it, and none that is there is stored twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.locks import Lock
from sec_ops.siem.embedded.damage import Lacking
from sec_ops.siem.embedded.layout import Layout
from sec_ops.siem.embedded.mending import SET_ASIDE, aside_name, begin_anew, is_lost
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.index.sessions import Sessions
from sec_ops.siem.index.stream import IndexLimits, index_lock, index_lock_path
from sec_ops.siem.raw.layout import stream_names
from sec_ops.siem.raw.salvage import LossKind, RawLoss
from sec_ops.siem.raw.spans import streams_between
from sec_ops.siem.rebuilding.keeping import Place, Refilled, Regained
from sec_ops.siem.rebuilding.replaying import Replay
from sec_ops.siem.rebuilding.sealed import Sealed
from sec_ops.siem.retaining.holds import undisturbed
from sec_ops.siem.storing import Commit, DatasetDay
from sec_ops.siem.understanding import Understand
from sec_ops.siem.watching import Watcher

__all__ = ["DayRemade", "Rebuilder", "Rebuilt"]

_SESSIONS = 2_000
_NEVER_MS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRemade:
    """A day of a dataset: events that were lost, and events made again."""

    dataset: str
    day: str
    lost: int
    remade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was found, and what came of it. `manifest_lost`: nobody knows how many events there were.

    `aside` is the name of the folder below `set-aside/` with what was damaged, empty when there is none.
    """

    manifest_lost: bool = False
    files: tuple[Lacking, ...] = ()
    days: tuple[DayRemade, ...] = ()
    losses: tuple[RawLoss, ...] = ()
    aside: str = ""

    @property
    def lost(self) -> int:
        """Return how many events were lost, as far as that is known."""
        return sum(day.lost for day in self.days)

    @property
    def remade(self) -> int:
        """Return how many events were made again."""
        return sum(day.remade for day in self.days)

    @property
    def lacking(self) -> int:
        """Return how many events could not be made again, as far as that is known."""
        return 0 if self.manifest_lost else max(0, self.lost - self.remade)

    @property
    def found(self) -> bool:
        """Return whether anything was damaged."""
        return self.manifest_lost or bool(self.files)

    @property
    def broken(self) -> bool:
        """Return whether raw records are damaged that retention did not let go."""
        return any(loss.kind is not LossKind.EXPIRED for loss in self.losses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilder:
    """The embedded store of `var/logs/` and what its events are made of; `tell` hears of each stream that is read.

    `watcher` is asked for when all events are told again, to those who may not have seen some. Where another store
    `holds_events`, only the holds lie in this one.
    Every method may raise UsageError when others are at work, StorageError and EngineError.
    """

    folder: Path
    types: FieldTypes
    understand: Understand
    clock: Clock
    sealed: Sealed
    tell: Callable[[str], None]
    watcher: Callable[[], Watcher | None] | None = None
    holds_events: bool = True
    limits: IndexLimits = field(default_factory=IndexLimits)
    losses: list[RawLoss] = field(default_factory=list)

    def look(self) -> Rebuilt:
        """Return what is damaged, after reading every event file; nothing is changed."""
        if is_lost(Layout.at(self.folder).manifest):
            return Rebuilt(manifest_lost=True)
        with closing(self._store()) as store:
            mending = store.mending()
            if mending.is_whole():
                return Rebuilt(manifest_lost=True)
            found = [Lacking.of(each) for each in mending.damaged()]
            files = sorted(self._wanted([*mending.lacking(), *found]), key=lambda each: each.path)
            return Rebuilt(files=tuple(files), days=_days(files, {}))

    def rebuild(self, seal: Callable[[Rebuilt], None]) -> Rebuilt:
        """Make again what is damaged, seal what came of it, and return that."""
        with self._alone(), undisturbed(self.folder):
            lost = is_lost(Layout.at(self.folder).manifest)
            with ExitStack() as held:
                if lost:
                    self._silence(held)
                    begin_anew(self.folder, self.sealed.holds, aside_name(self.clock.now()))
            with closing(self._store()) as store:
                return self._all(store, seal) if store.mending().is_whole() else self._some(store, seal)

    def _all(self, store: EmbeddedStore, seal: Callable[[Rebuilt], None]) -> Rebuilt:
        regained = Regained(store, self.sealed, self._now_us())
        watcher = self.watcher() if self.watcher else None
        for stream in self._streams() if self.holds_events else ():
            self.tell(stream)
            make_folder(index_lock_path(self.folder, stream).parent)
            with index_lock(self.folder, stream):
                self._replay(stream, regained, watcher).to_end()
        days = tuple(_regained(each) for each in store.days())
        rebuilt = Rebuilt(manifest_lost=True, days=days, losses=tuple(self.losses), aside=self._last_aside())
        seal(rebuilt)
        store.mending().done()
        return rebuilt

    def _some(self, store: EmbeddedStore, seal: Callable[[Rebuilt], None]) -> Rebuilt:
        mending = store.mending()
        mending.take_out(mending.damaged())
        files = self._wanted(mending.lacking())
        if files:
            self._refill(store, files)
        rebuilt = Rebuilt(files=tuple(files), days=_days(files, mending.remade()), losses=tuple(self.losses))
        # Raw records that were damaged may be restored from a backup: what is lacking then can be had after all.
        final = not (rebuilt.lacking and rebuilt.broken)
        if rebuilt.lacking and final:
            rebuilt = replace(rebuilt, aside=aside_name(self.clock.now()))
        if rebuilt.found:
            seal(rebuilt)
        if final:
            mending.done(rebuilt.aside)
        return rebuilt

    def _refill(self, store: EmbeddedStore, files: Sequence[Lacking]) -> None:
        # Before anything is read: what is committed later is none of the lost.
        commits = store.committed()
        held_back = {place for commit in commits.values() for place in self._held_back(commit)}
        refilled = Refilled(store, files, held_back, self.sealed, self._now_us())
        for stream in streams_between(self.folder, self._streams(), self.sealed.seals, refilled.spans_ms):
            if stream in commits:
                self.tell(stream)
                self._replay(stream, refilled).to(commits[stream].sequence)

    def _replay(self, stream: str, store: Refilled | Regained, watcher: Watcher | None = None) -> Replay:
        spans = store.spans_ms if isinstance(store, Refilled) else None
        return Replay(
            self.folder,
            stream,
            store=store,
            understand=self.understand,
            clock=self.clock,
            seals=self.sealed.seals,
            lost=lambda loss: self._lose(loss, spans),
            limits=self.limits,
            watcher=watcher,
        )

    def _lose(self, loss: RawLoss, spans: Sequence[tuple[int, int]] | None) -> None:
        """Note what can't be had, unless it was let go and nothing that is lacking was received then."""
        first, last = loss.received_first_ms, loss.received_last_ms
        near = spans is None or any(first <= end and begin <= last for begin, end in spans)
        if near or loss.kind is not LossKind.EXPIRED:
            self.losses.append(loss)

    def _held_back(self, commit: Commit) -> Iterator[Place]:
        """Yield where the events come from that a stream's sources hold back: they are no lost ones."""
        sessions = Sessions(self.understand, commit.pending, _SESSIONS, 0)
        for row in sessions.end_silent(_NEVER_MS):
            yield row.place.stream, row.place.sequence, row.index, row.part

    def _wanted(self, files: Sequence[Lacking]) -> list[Lacking]:
        """Return the files without those whose day was let go as a whole."""
        let_go = self.sealed.was_let_go
        return [each for each in files if not let_go(each.dataset, each.day, each.last_received_us)]

    def _streams(self) -> list[str]:
        seals = self.sealed.seals
        known = {name for name, _number in [*seals.sealed, *seals.removed]}
        return sorted({*stream_names(self.folder / "raw"), *known}, key=int)

    def _store(self) -> EmbeddedStore:
        return EmbeddedStore(self.folder, types=self.types, clock=self.clock)

    def _now_us(self) -> int:
        return int(self.clock.now().timestamp() * 1_000_000)

    def _last_aside(self) -> str:
        asides = self.folder / SET_ASIDE
        return max((path.name for path in asides.iterdir()), default="") if asides.is_dir() else ""

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = Lock.take(make_folder(self.folder / "locks") / "rebuild.lock")
        if lock is None:
            raise UsageError(message("another rebuild is at work"), advice=message("wait for it"))
        try:
            yield
        finally:
            lock.release()

    def _silence(self, held: ExitStack) -> None:
        """Hold the right to understand every stream: whoever has one still writes to the store that was lost."""
        for stream in stream_names(self.folder / "raw"):
            lock = Lock.take(index_lock_path(self.folder, stream))
            if lock is None:
                advice = message("stop listeners, pulls and imports, then run the command again")
                raise UsageError(message("stream {stream} is being written to the store", stream=stream), advice=advice)
            held.callback(lock.release)


def _days(files: Sequence[Lacking], remade: Mapping[tuple[str, str], int]) -> tuple[DayRemade, ...]:
    lost: dict[tuple[str, str], int] = {}
    for each in files:
        lost[each.day, each.dataset] = lost.get((each.day, each.dataset), 0) + each.rows
    return tuple(
        DayRemade(day=day, dataset=dataset, lost=lost.get((day, dataset), 0), remade=remade.get((day, dataset), 0))
        for day, dataset in sorted({*lost, *remade})
    )


def _regained(day: DatasetDay) -> DayRemade:
    return DayRemade(dataset=day.dataset, day=day.day, lost=0, remade=day.events)
