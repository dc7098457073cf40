"""What a store of events can do: the one interface of the embedded store and of Elasticsearch."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sec_ops.siem.events import TIME, Event, Row
from sec_ops.siem.query.tree import Everything, Query

__all__ = [
    "Bucket",
    "Commit",
    "DatasetDay",
    "EventStore",
    "Expiring",
    "Movable",
    "Request",
    "Retained",
    "SourceFacts",
    "StoreFaults",
    "Taking",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """How far a stream of the raw log is understood once these events are stored.

    `sequence` is the last batch whose records are all stored or pending; `pending` maps a source to what its session
    holds back (empty: nothing any more); what a commit doesn't mention stays as it was. Stored in one transaction
    with the events, or after them where the store takes an event twice without keeping it twice.

    A commit brings something new when its sequence is beyond the stream's last, or is the last and holds back something
    else (a source fell silent: its lines became events). Any other was told before, and is ignored with its events.
    """

    stream: str
    sequence: int
    pending: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a store: a query within [since, until), microseconds since 1970 in UTC.

    `fields` are the columns wanted, all when empty. Events come newest first unless `order` is `ascending`; ties by
    their record, in the same direction.
    """

    query: Query = field(default_factory=Everything)
    since_us: int | None = None
    until_us: int | None = None
    fields: tuple[str, ...] = ()
    limit: int | None = 100
    order: str = "descending"
    sort: str = TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A count: of a span that begins at `key` (microseconds), or of a field's value."""

    key: int | str | float | bool | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDay:
    """What a store keeps of one dataset of one day (UTC): events and bytes (0 where the store doesn't say)."""

    dataset: str
    day: str
    events: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What a store knows of one source, dataset, host and unit: counts, first and last event, last receipt.

    Times are microseconds. `unparsed` counts events of kind `pipeline_error`. Text is empty where events don't say.
    """

    source: str
    dataset: str
    host: str
    unit: str
    events: int
    unparsed: int
    first_us: int
    last_us: int
    last_received_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """A day that retention took away or left: `sha256` is the sealed digest of what it held, `held_by` a hold's id."""

    day: str
    datasets: tuple[str, ...]
    events: int
    sha256: str
    held_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFaults:
    """Files that are gone or cut off, by name; events lost with damaged files and not made again yet."""

    files: tuple[str, ...] = ()
    lacking: int = 0

    def __bool__(self) -> bool:
        return bool(self.files or self.lacking)


class Taking(Protocol):
    """What a store is for the indexer: it takes events, and knows how far each stream is understood.

    Every method may raise EngineError or StorageError.
    """

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        """Store events and how far that brings the stream; durable on return, stored once however often it is told."""
        ...

    def committed(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream."""
        ...


class EventStore(Taking, Protocol):
    """A store of events.

    Every method may raise EngineError or StorageError; queries raise UsageError for what the store can't answer, with
    the reason.
    """

    def search(self, request: Request) -> Iterator[Event]:
        """Yield the events asked for."""
        ...

    def count(self, request: Request) -> int:
        """Return how many events the query finds, whatever the limit."""
        ...

    def histogram(self, request: Request, interval_us: int) -> Sequence[Bucket]:
        """Return the counts of spans of that length (aligned to 1970), in order, without the empty ones."""
        ...

    def top(self, request: Request, name: str) -> Sequence[Bucket]:
        """Return the most frequent values of a field, at most `limit`; a list counts each of its values."""
        ...

    def days(self) -> Sequence[DatasetDay]:
        """Return what is kept, by dataset and day."""
        ...

    def sources(self, since_us: int, until_us: int) -> Sequence[SourceFacts]:
        """Return what was received (`event.ingested`) within the span, by source, dataset, host and unit.

        What can't be read is left out, and told by `faults` from then on.
        """
        ...

    def overflowing(self) -> Sequence[str]:
        """Return the datasets with fields that have no column of their own, by name: these are searched more slowly."""
        ...

    def faults(self) -> StoreFaults:
        """Return what is known to be damaged, after a quick look that reads no event."""
        ...

    def fields(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return, by dataset that is kept, which of these fields its events have, or had once."""
        ...

    def maintain(self) -> None:
        """Keep house: merge small pieces, remove leftovers. Harmless at any time and in any process; may do nothing."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


class Expiring(Protocol):
    """A store that lets whole days go; their age counts from the receipt (`event.ingested`), never a claimed time."""

    def expired(self, received_before_us: int) -> Sequence[DatasetDay]:
        """Return the days of datasets all of whose events were received before that time."""
        ...

    def sources_of(self, day: DatasetDay) -> frozenset[str]:
        """Return the sources whose events a day of a dataset holds."""
        ...

    def digest(self, day: DatasetDay) -> str:
        """Return the SHA-256 (hexadecimal) of what a day of a dataset holds now."""
        ...

    def remove(self, day: DatasetDay, sha256: str) -> bool:
        """Take a day of a dataset away for good, if it still holds exactly what the digest says; else return False."""
        ...


class Movable(EventStore, Protocol):
    """A store whose events can be taken to another."""

    def rows(self, day: DatasetDay) -> Iterator[Row]:
        """Yield the rows of a day of a dataset by their place: stream, sequence, index, part."""
        ...
