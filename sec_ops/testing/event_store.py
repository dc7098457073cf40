"""A store of events in memory: the plainest one there can be, which the others are compared with."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sec_ops.siem.events import DATASET, PIPELINE_ERROR, RECORD, TIME, UNPARSED, Event, FieldTypes, Row, Scalar
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.storing import Bucket, Commit, DatasetDay, Request, SourceFacts, StoreFaults

__all__ = ["MemoryEventStore"]

_INGESTED = "event.ingested"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryEventStore:
    """Keeps rows in a list, and answers by looking at each of them."""

    def __init__(self, types: FieldTypes) -> None:
        self._types = types
        self._rows: list[Row] = []
        self._commits: dict[str, Commit] = {}

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        """Store events and how far that brings the stream, once however often it is told."""
        known = self._commits.get(commit.stream, Commit(stream=commit.stream, sequence=-1))
        before = dict(known.pending)
        after = {source: state for source, state in {**before, **commit.pending}.items() if state}
        if commit.sequence < known.sequence or (commit.sequence == known.sequence and after == before):
            return
        self._rows += rows
        self._commits[commit.stream] = Commit(stream=commit.stream, sequence=commit.sequence, pending=after)

    def committed(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream."""
        return dict(self._commits)

    def search(self, request: Request) -> Iterator[Event]:
        """Yield the events asked for."""
        found = sorted(self._found(request), key=_place, reverse=request.order != "ascending")
        if request.sort != TIME:
            having = [row for row in found if request.sort in row.event]
            having.sort(key=lambda row: _first(row.event[request.sort]), reverse=request.order != "ascending")
            found = having + [row for row in found if request.sort not in row.event]
        for row in found[: request.limit]:
            event = _whole(row)
            yield {name: value for name, value in event.items() if not request.fields or name in request.fields}

    def count(self, request: Request) -> int:
        """Return how many events the query finds, whatever the limit."""
        return len(self._found(request))

    def histogram(self, request: Request, interval_us: int) -> Sequence[Bucket]:
        """Return the counts of spans of that length (aligned to 1970), in order, without the empty ones."""
        counts = Counter(_time(row) // interval_us * interval_us for row in self._found(request))
        return [Bucket(key=key, count=counts[key]) for key in sorted(counts)]

    def top(self, request: Request, name: str) -> Sequence[Bucket]:
        """Return the most frequent values of a field, at most `limit`; a list counts each of its values once."""
        counts: Counter[Any] = Counter()
        for row in self._found(request):
            value = _whole(row).get(name, [])
            counts.update(set(value) if isinstance(value, list) else [value])
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [Bucket(key=key, count=count) for key, count in ranked[: request.limit]]

    def days(self) -> Sequence[DatasetDay]:
        """Return what is kept, by day and dataset."""
        counts = Counter((_day(_time(row)), str(row.event.get(DATASET, UNPARSED))) for row in self._rows)
        return [
            DatasetDay(dataset=dataset, day=day, events=counts[day, dataset], bytes=0)
            for day, dataset in sorted(counts)
        ]

    def sources(self, since_us: int, until_us: int) -> Sequence[SourceFacts]:
        """Return what was received (`event.ingested`) within the span, by source, dataset, host and unit."""
        groups: dict[tuple[str, ...], list[Row]] = {}
        names = ("sec_ops.source", DATASET, "host.name", "sec_ops.unit")
        for row in self._rows:
            if since_us <= _received(row) < until_us:
                groups.setdefault(tuple(str(row.event.get(name, "")) for name in names), []).append(row)
        return [_facts(key, groups[key]) for key in sorted(groups)]

    def overflowing(self) -> Sequence[str]:
        """Return nothing: there are no columns."""
        return ()

    def faults(self) -> StoreFaults:
        """Return none: nothing gets lost."""
        return StoreFaults()

    def fields(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return, by dataset, which of these fields its events have."""
        found: dict[str, frozenset[str]] = {}
        for row in self._rows:
            event, dataset = _whole(row), str(row.event.get(DATASET, UNPARSED))
            there = {name for name in names if event.get(name) not in (None, [])}
            found[dataset] = found.get(dataset, frozenset()) | there
        return found

    def maintain(self) -> None:
        """Do nothing: there is nothing to tidy."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _found(self, request: Request) -> list[Row]:
        return [
            row
            for row in self._rows
            if (request.since_us is None or request.since_us <= _time(row))
            and (request.until_us is None or _time(row) < request.until_us)
            and evaluate(request.query, _whole(row), self._types)
        ]


def _whole(row: Row) -> Event:
    return {**row.event, RECORD: row.place.record(row.index)}


def _time(row: Row) -> int:
    return int(row.event[TIME])  # type: ignore[arg-type]


def _received(row: Row) -> int:
    return int(row.event.get(_INGESTED, row.event[TIME]))  # type: ignore[arg-type]


def _place(row: Row) -> tuple[int, str, int, int, int]:
    return (_time(row), row.place.stream, row.place.sequence, row.index, row.part)


def _first(value: Scalar | list[Scalar]) -> Any:  # noqa: ANN401 - values of one field compare with each other
    return value[0] if isinstance(value, list) else value


def _day(time_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=time_us)).date().isoformat()


def _facts(key: Sequence[str], rows: Sequence[Row]) -> SourceFacts:
    times = [_time(row) for row in rows]
    source, dataset, host, unit = key
    return SourceFacts(
        source=source,
        dataset=dataset,
        host=host,
        unit=unit,
        events=len(rows),
        unparsed=sum(row.event.get("event.kind") == PIPELINE_ERROR for row in rows),
        first_us=min(times),
        last_us=max(times),
        last_received_us=max(map(_received, rows)),
    )
