"""How far each stream is judged, so that what is told again after a crash is judged once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

__all__ = ["Position", "Positions", "Record"]

Record = Callable[[int], str]
"""The place of an event among those of a batch to the name of its raw record."""

_HELD_MS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A stream is judged up to a batch, which was received at that time (milliseconds since 1970, UTC).

    `loose` are records beyond what the store is known to have whose events were whole only because their source fell
    silent: told again, they may come at any batch.
    """

    sequence: int
    received_ms: int
    loose: frozenset[str] = frozenset()


class Positions:
    """The positions of all streams; `changed` are those to be kept."""

    def __init__(self, known: Mapping[str, Position]) -> None:
        self._known = dict(known)
        self._begun: dict[str, int] = {}
        self._begun_ms: dict[str, int] = {}
        self._whole: dict[str, set[str]] = {}
        self.changed: set[str] = set()

    def begin(self, stream: str, sequence: int, now_ms: int) -> Position | None:
        """Go on with a stream after a batch; return where it was judged to when batches in between never were."""
        known = self._known.get(stream)
        self._begun[stream] = max(known.sequence if known else 0, sequence)
        self._begun_ms[stream] = now_ms
        self._whole[stream] = set()
        missed = known is not None and known.sequence < sequence
        if known is None or missed:
            self._set(stream, Position(sequence=sequence, received_ms=now_ms))
        return known if missed else None

    def fresh(self, stream: str, sequence: int, events: int, record: Record, *, fell_silent: bool) -> Sequence[int]:
        """Return the places, among so many events of a batch, of those that were not judged before."""
        if sequence <= self._begun.get(stream, 0) and not fell_silent:
            return ()
        loose = self._known[stream].loose if stream in self._known else None
        if not loose:
            return range(events)
        self._whole[stream].update(map(record, range(events)))
        return [place for place in range(events) if record(place) not in loose]

    def judged(self, stream: str, sequence: int, received_ms: int, loose: Iterable[str] = ()) -> None:
        """Note that a batch was judged, and the records that were whole only because their source fell silent."""
        known = self._known.get(stream, Position(sequence=0, received_ms=0))
        fresh = frozenset(loose)
        found = known.loose | fresh
        self._whole.setdefault(stream, set()).update(fresh)
        self._set(
            stream,
            Position(
                sequence=max(sequence, known.sequence), received_ms=max(received_ms, known.received_ms), loose=found
            ),
        )

    def reached(self, stream: str, sequence: int) -> None:
        """Note that all up to a batch was judged, as the batches after the last one judged brought no event."""
        known = self._known.get(stream)
        if known and known.sequence < sequence:
            self._set(stream, replace(known, sequence=sequence))

    def stored(self, stream: str, now_ms: int) -> None:
        """Note that the store has everything that was whole: its records are never told again.

        What an earlier process found whole may be held back again by this one, and come later; not after minutes.
        """
        known, whole = self._known.get(stream), self._whole.get(stream, set())
        if known and known.loose:
            settled = now_ms - self._begun_ms.get(stream, now_ms) > _HELD_MS
            self._set(stream, replace(known, loose=frozenset() if settled else known.loose - whole))
        whole.clear()

    def of(self, stream: str) -> Position:
        """Return where a stream is."""
        return self._known[stream]

    def _set(self, stream: str, position: Position) -> None:
        self._known[stream] = position
        self.changed.add(stream)
