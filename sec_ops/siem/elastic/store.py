"""The event store on a cluster of Elasticsearch: `EventStore` and `Expiring`, put together from their parts."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from elasticsearch import AuthorizationException, Elasticsearch

from sec_ops.model.errors import UsageError
from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.model.protocols import Clock
from sec_ops.runtime.clock import utc_text
from sec_ops.siem.elastic.columns import Columns
from sec_ops.siem.elastic.commits import Commits
from sec_ops.siem.elastic.compiling import Aside, compile_query, parts_of
from sec_ops.siem.elastic.counting import Counting
from sec_ops.siem.elastic.expiring import Days
from sec_ops.siem.elastic.failing import speaking
from sec_ops.siem.elastic.fetching import Fetching, ToldEvents
from sec_ops.siem.elastic.fitting import fitted
from sec_ops.siem.elastic.installing import install
from sec_ops.siem.elastic.letters import DeadLetters, Letter
from sec_ops.siem.elastic.mapping import template, with_times
from sec_ops.siem.elastic.names import TOLD, WRITER, alias_of, document_id, events_indices, row_place
from sec_ops.siem.elastic.removing import Removing
from sec_ops.siem.elastic.searching import Asking
from sec_ops.siem.elastic.shaping import Shaping
from sec_ops.siem.elastic.writing import Document, Pace, Refused, write
from sec_ops.siem.embedded.partitions import partitioned, received_us
from sec_ops.siem.events import Event, FieldTypes, Row
from sec_ops.siem.query.tree import Query
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Bucket, Commit, DatasetDay, Request, SourceFacts, StoreFaults

__all__ = ["ElasticStore"]


@dataclass(slots=True, kw_only=True)
class ElasticStore:
    """Events in indices of whole days; `folder` is `var/logs/`, where refused events are kept.

    What other processes write while this one asks is found some seconds later.
    """

    client: Elasticsearch
    settings: ElasticsearchSettings
    types: FieldTypes
    folder: Path
    clock: Clock
    pace: Pace = field(default_factory=Pace)
    _columns: Columns = field(init=False)
    _commits: Commits = field(init=False)
    _counting: Counting = field(init=False)
    _removing: Removing = field(init=False)
    _days: Days = field(init=False)
    _unseen: set[str] = field(default_factory=set, init=False)
    _taken_up: set[str] = field(default_factory=set, init=False)
    _prepared: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.types = with_times(self.types)
        self._columns = Columns(self.client, self.types)
        self._commits = Commits(self.client, self.settings.prefix)
        self._counting = Counting(Asking(self.client, self.settings.prefix, self.types, self.where))
        self._removing = Removing(self.client, self.settings.prefix)
        self._days = Days(self._counting, self._removing)
        self._unseen = {events_indices(self.settings.prefix)}

    @property
    def where(self) -> str:
        """Return the address that messages name."""
        return self.settings.urls[0]

    @property
    def letters(self) -> DeadLetters:
        """Return the events that the server refused for what they are."""
        return DeadLetters(self.folder)

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        """Store events, then how far that brings the stream; durable on return, stored once however often it is told.

        An event that the server refuses for what it is becomes a dead letter, and holds up none of the others.
        """
        with speaking(self.where):
            self._prepare()
            if not self._commits.is_new(commit):
                return
            self._take_up(commit.stream)
            self.letters.add(self._write(rows, commit))
            try:
                self._commits.keep(commit)
            except BaseException:
                self._commits.forget(commit.stream)
                raise

    def redeliver(self) -> int:
        """Tell the dead letters again, with their stream's last batch, and return how many are still refused."""
        with speaking(self.where), self.letters.taken() as letters:
            self._prepare()
            groups = groupby(letters, key=lambda each: (each.writer, each.told))
            letters[:] = [again for _, group in groups for again in self._write_again(list(group))]
            return len(letters)

    def committed(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream."""
        with speaking(self.where):
            self._prepare()
            return self._commits.all()

    def settled(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream, all of whose events are found from now on, whoever wrote them."""
        commits = self.committed()
        self._unseen.add(events_indices(self.settings.prefix))
        self._see()
        return commits

    def can(self, query: Query) -> bool:
        """Tell whether the server can answer a query exactly."""
        try:
            compile_query(query, self.types)
        except UsageError:
            return False
        return True

    def parts(self, query: Query) -> int:
        """Return how many parts the server counts in a query that is fetched; raises UsageError when it can't be."""
        return parts_of(compile_query(query, self.types, Aside.ALL))

    def parts_bound(self) -> int:
        """Return how many parts a query may have that is fetched."""
        return Fetching(self._counting.asking).parts_bound()

    def between(self, queries: Sequence[Query], since_us: int | None, until_us: int | None) -> Iterator[Event]:
        """Yield the events that any of the queries finds within [since, until), by their time, each once."""
        self._see()
        yield from Fetching(self._counting.asking).between(queries, since_us, until_us)

    def told(self, queries: Sequence[Query], stream: str, first: int, last: int) -> Iterator[ToldEvents]:
        """Yield what any of the queries finds among the events stored with batches `first` to `last`, batch by batch.

        Events that became whole only because their source fell silent are among those of the batch before.
        """
        yield from Fetching(self._counting.asking).told(queries, stream, first, last)

    def search(self, request: Request) -> Iterator[Event]:
        """Yield the events asked for; what this process stored before is among them."""
        for _, event in self.placed(request):
            yield event

    def placed(self, request: Request) -> Iterator[tuple[str, Event]]:
        """Yield the events asked for with the ids of their documents."""
        self._see()
        self._counting.refuse_unordered(request)
        yield from self._counting.asking.placed(request)

    def count(self, request: Request) -> int:
        """Return how many events the query finds, whatever the limit."""
        self._see()
        return self._counting.count(request)

    def histogram(self, request: Request, interval_us: int) -> Sequence[Bucket]:
        """Return the counts of spans of that length (aligned to 1970), in order, without the empty ones."""
        self._see()
        return self._counting.histogram(request, interval_us)

    def top(self, request: Request, name: str) -> Sequence[Bucket]:
        """Return the most frequent values of a field, at most `limit`; a list counts each of its values."""
        self._see()
        return self._counting.top(request, name)

    def days(self) -> Sequence[DatasetDay]:
        """Return what is kept, by dataset and day."""
        self._see()
        return self._counting.days()

    def sources(self, since_us: int, until_us: int) -> Sequence[SourceFacts]:
        """Return what was received within the span, by source, dataset, host and unit."""
        self._see()
        return self._counting.sources(since_us, until_us)

    def overflowing(self) -> Sequence[str]:
        """Return the datasets with fields that have no column in an index, by name: these are searched more slowly."""
        self._see()
        return self._counting.overflowing()

    def faults(self) -> StoreFaults:
        """Return none: what a cluster lost, the cluster knows."""
        return StoreFaults()

    def fields(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return, by dataset that is kept, which of these fields its events have."""
        self._see()
        return self._counting.fields(names)

    def expired(self, received_before_us: int) -> Sequence[DatasetDay]:
        """Return the days of datasets all of whose events were received before that time."""
        self._see()
        return self._counting.days(received_before_us)

    def sources_of(self, day: DatasetDay) -> frozenset[str]:
        """Return the sources whose events a day of a dataset holds."""
        self._see()
        return self._counting.sources_of(day)

    def digest(self, day: DatasetDay) -> str:
        """Return the SHA-256 (hexadecimal) of what a day of a dataset holds now."""
        self._see()
        return self._days.digest(day)

    def remove(self, day: DatasetDay, sha256: str) -> bool:
        """Take a day of a dataset away for good, if it still holds exactly what the digest says; else return False."""
        self._see()
        return self._days.remove(day, sha256)

    def rows(self, day: DatasetDay) -> Iterator[Row]:
        """Yield the rows of a day of a dataset, by their place."""
        self._see()
        for place, event in self._days.events(day):
            stream, sequence, index, part = row_place(place)
            yield Row(event, Place(stream, sequence), index, part)

    def maintain(self) -> None:
        """Tell dead letters again, and remove indices that hold nothing any more."""
        self.redeliver()
        with speaking(self.where):
            self._removing.remove_empty()

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()

    def _prepare(self) -> None:
        if self._prepared:
            return
        body = template(self.settings.prefix, self.types, self.settings.shards)
        install(self.client, f"{self.settings.prefix}-events", body)
        self._commits.prepare()
        self._prepared = True

    def _take_up(self, stream: str) -> None:
        """Remove, once, what a process that died told of a stream after its last commit: it is told again."""
        if stream in self._taken_up:
            return
        last = self._commits.last(stream)
        if last is not None:
            told = [{"term": {WRITER: stream}}, {"range": {TOLD: {"gt": last.sequence}}}]
            self._removing.remove({"bool": {"filter": told}})
        self._taken_up.add(stream)

    def _write(self, rows: Sequence[Row], commit: Commit) -> list[Letter]:
        """Write events, and return those that were refused; an index that was taken away meanwhile is made again."""
        letters: list[Letter] = []
        waiting = list(rows)
        for _ in range(2):
            refused = write(self.client, self._documents(waiting, commit), self.pace, self.where)
            letters += [self._letter(waiting[each.number], commit, each) for each in refused if not each.gone]
            waiting = [waiting[each.number] for each in refused if each.gone]
            if not waiting:
                break
            self._columns.forget_all()
        gone = Refused(0, "its index was taken away while it was written")
        return [*letters, *(self._letter(row, commit, gone) for row in waiting)]

    def _write_again(self, letters: Sequence[Letter]) -> list[Letter]:
        # What asks for all since a batch has to come upon them too.
        commit = letters[0].commit
        last = self._commits.last(commit.stream)
        sequence = max(commit.sequence, last.sequence if last else 0)
        return self._write([each.row for each in letters], replace(commit, sequence=sequence))

    def _documents(self, rows: Sequence[Row], commit: Commit) -> list[Document]:
        now_us = int(self.clock.now().timestamp() * 1_000_000)
        shaping = Shaping(types=self.types, commit=commit, has_column=self._columns.has)
        numbers = {id(row): number for number, row in enumerate(rows)}
        documents: list[Document] = []
        for partition, group in partitioned(rows, now_us).items():
            alias = alias_of(self.settings.prefix, partition)
            events = [fitted(row, self.types, now_us) for row in group]
            self._columns.ensure(alias, events)
            self._unseen.add(alias)
            for row, event in zip(group, events, strict=True):
                body = shaping.document(row, event, partition, received_us(row.event, now_us), alias)
                documents.append(Document(alias, document_id(row), body, numbers[id(row)]))
        return documents

    def _letter(self, row: Row, commit: Commit, refused: Refused) -> Letter:
        at = utc_text(self.clock.now())
        return Letter(row=row, writer=commit.stream, told=commit.sequence, reason=refused.reason, at=at)

    def _see(self) -> None:
        """Let what this process wrote, and what others wrote before it first asked, be found."""
        if self._unseen:
            with speaking(self.where), suppress(AuthorizationException):
                self.client.indices.refresh(index=sorted(self._unseen), ignore_unavailable=True, allow_no_indices=True)
            self._unseen.clear()
