"""Stores as a replay sees them: what it tells is kept only where it is lacking, and never what was let go."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sec_ops.siem.embedded.damage import Lacking, remade_commit
from sec_ops.siem.embedded.mending import Mending
from sec_ops.siem.embedded.partitions import Partition, parts, receipts
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.embedded.views import Span
from sec_ops.siem.events import Row
from sec_ops.siem.rebuilding.sealed import Sealed
from sec_ops.siem.storing import Commit
from sec_ops.siem.tables import Rows, Table, tables_of

__all__ = ["Place", "Refilled", "Regained"]

Place = tuple[str, int, int, int]
"""Where an event comes from: stream, batch, record, part."""
_Wanted = Callable[[Partition, Table, Sequence[int]], list[int]]
"""Chooses rows of a table whose receipts these are, by their numbers."""


class Regained:
    """An empty store that takes everything again but what was let go."""

    def __init__(self, store: EmbeddedStore, sealed: Sealed, now_us: int) -> None:
        self._store = store
        self._sealed = sealed
        self._now_us = now_us

    def committed(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream."""
        return self._store.committed()

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        """Store events and how far that brings the stream."""
        self._store.append(_chosen(rows, self._now_us, self._wanted), commit)

    def _wanted(self, partition: Partition, _table: Table, received: Sequence[int]) -> list[int]:
        let_go = self._sealed.was_let_go
        return [row for row, when in enumerate(received) if not let_go(partition.dataset, partition.day, when)]


class Refilled:
    """A store that lost some files: it takes what was received when their events were, and is not there."""

    def __init__(
        self, store: EmbeddedStore, lacking: Sequence[Lacking], held_back: set[Place], sealed: Sealed, now_us: int
    ) -> None:
        self._store = store
        self._mending: Mending = store.mending()
        self._spans = _joined([(each.first_received_us, each.last_received_us) for each in lacking])
        self._held_back = held_back
        self._sealed = sealed
        self._now_us = now_us

    @property
    def spans_ms(self) -> list[tuple[int, int]]:
        """Return when the lost events had been received: milliseconds, both ends."""
        return [(first // 1000, last // 1000) for first, last in self._spans]

    def committed(self) -> Mapping[str, Commit]:
        """Return nothing: every stream is read from its beginning, for what it holds back shapes what follows."""
        return {}

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        """Store the events that are lacking, with how many that makes."""
        near = _chosen(rows, self._now_us, self._within)
        if not near.tables:
            return
        there = self._there(commit.stream, near.tables) | self._held_back
        lacking = _chosen(near, self._now_us, lambda _partition, table, _received: _absent(table, there))
        if lacking.tables:
            counts = Counter(self._mending.remade())
            for partition, tables in parts(lacking.tables, self._now_us).items():
                counts[partition.day, partition.dataset] += sum(map(len, tables))
            self._store.append(lacking, remade_commit(counts))

    def _within(self, partition: Partition, _table: Table, received: Sequence[int]) -> list[int]:
        return [row for row, when in enumerate(received) if self._is_near(partition, when)]

    def _is_near(self, partition: Partition, received_us: int) -> bool:
        near = any(first <= received_us <= last for first, last in self._spans)
        return near and not self._sealed.was_let_go(partition.dataset, partition.day, received_us)

    def _there(self, stream: str, tables: Sequence[Table]) -> set[Place]:
        sequences = [place.sequence for table in tables for place in table.places]
        received = [when for table in tables for when in receipts(table, self._now_us)]
        span = Span(since_us=min(received), until_us=max(received) + 1, clock="received_")
        found = self._mending.places(stream, (min(sequences), max(sequences)), span)
        return {(stream, *place) for place in found}


def _absent(table: Table, there: set[Place]) -> list[int]:
    rows = enumerate(zip(table.places, table.indexes, table.parts, strict=True))
    return [row for row, (at, index, part) in rows if (at.stream, at.sequence, index, part) not in there]


def _chosen(rows: Sequence[Row], now_us: int, wanted: _Wanted) -> Rows:
    chosen = Rows()
    for partition, tables in parts(tables_of(rows), now_us).items():
        for table in tables:
            kept = wanted(partition, table, receipts(table, now_us))
            if kept:
                chosen.tables.append(table if len(kept) == len(table) else table.take(kept))
    return chosen


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans that overlap as one, so that few are left to look through."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
