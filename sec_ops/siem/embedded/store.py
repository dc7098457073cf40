"""The embedded store of events: what `EventStore` and `Expiring` ask for, put together from its parts."""

import os
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sec_ops.model.errors import EngineError, StorageError
from sec_ops.model.protocols import Clock
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.locks import shared
from sec_ops.siem.embedded.columns import COLUMNS_BOUND, ColumnBook, read_columns
from sec_ops.siem.embedded.compacting import compact
from sec_ops.siem.embedded.counting import Counting
from sec_ops.siem.embedded.damage import REBUILD
from sec_ops.siem.embedded.engine import open_engine
from sec_ops.siem.embedded.expiring import day_digest, remove_day
from sec_ops.siem.embedded.fields import Own
from sec_ops.siem.embedded.files import EventFile, commits, day_files, days, is_new, register, with_column
from sec_ops.siem.embedded.health import damaged, telling_of_damage
from sec_ops.siem.embedded.hunting import Stretch, stretches
from sec_ops.siem.embedded.layout import Layout
from sec_ops.siem.embedded.manifest import open_manifest
from sec_ops.siem.embedded.mending import Mending
from sec_ops.siem.embedded.moving import rows_by_place
from sec_ops.siem.embedded.parquet import number
from sec_ops.siem.embedded.partitions import INGESTED, parts
from sec_ops.siem.embedded.searching import Search
from sec_ops.siem.embedded.sweeping import sweep, sweep_replaced
from sec_ops.siem.embedded.views import Span, View, viewing
from sec_ops.siem.embedded.writing import FileWriter, discard
from sec_ops.siem.events import DATASET, RECORD, TIME, Event, FieldType, FieldTypes, Row
from sec_ops.siem.query.tree import Everything, Query
from sec_ops.siem.storing import Bucket, Commit, DatasetDay, Request, SourceFacts, StoreFaults
from sec_ops.siem.tables import tables_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["EmbeddedStore"]

_THREADS = min(4, os.cpu_count() or 1)
_READ_MEGABYTES, _WRITE_MEGABYTES, _MERGE_MEGABYTES = 1024, 384, 1024
"""Bounds of DuckDB's memory; near them it slows down tenfold, so files and row groups are made to stay well below."""


class EmbeddedStore:
    """Events below a folder (`var/logs/`), for any number of processes and threads that read and write at once."""

    def __init__(
        self,
        folder: Path,
        *,
        types: FieldTypes,
        clock: Clock,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
        columns_bound: int = COLUMNS_BOUND,
    ) -> None:
        """Open the store, made when there is none; raises StorageError."""
        self._layout = Layout.at(folder)
        self._types = FieldTypes({**types.types, TIME: FieldType.DATE, INGESTED: FieldType.DATE})
        self._clock = clock
        self._randomness = randomness
        self._manifest = open_manifest(self._layout.manifest)
        self._book = ColumnBook(self._manifest, columns_bound)
        self._engines: dict[str, DuckDBPyConnection] = {}
        self._unreadable: set[str] = set()
        self._turn = threading.Lock()
        self._writing = threading.Lock()

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        """Store events and how far that brings the stream; durable on return, stored once however often it is told."""
        with self._manifest.reading() as connection:
            if not is_new(connection, commit):
                return
        written: list[EventFile] = []
        with self._writing, shared(self._layout.writers):
            registered = False
            try:
                self._write(rows, written)
                with self._manifest.writing() as connection:
                    registered = register(connection, written, commit)
            finally:
                if not registered:
                    discard(self._layout.events, written)

    def committed(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream."""
        with self._manifest.reading() as connection:
            return {stream: commit for stream, commit in commits(connection).items() if stream != REBUILD}

    def search(self, request: Request) -> Iterator[Event]:
        """Yield the events asked for; what is yielded is of one moment, however long that takes."""
        with self._view(Span(since_us=request.since_us, until_us=request.until_us)) as view:
            search = Search(
                view=view,
                request=request,
                types=self._types,
                folder=self._layout.events,
                engine=self._reading_engine(),
            )
            yield from search.events()

    def count(self, request: Request) -> int:
        """Return how many events the query finds, whatever the limit."""
        with self._counting(request.query, Span(since_us=request.since_us, until_us=request.until_us)) as counting:
            return counting.count()

    def histogram(self, request: Request, interval_us: int) -> Sequence[Bucket]:
        """Return the counts of spans of that length (aligned to 1970), in order, without the empty ones."""
        with self._counting(request.query, Span(since_us=request.since_us, until_us=request.until_us)) as counting:
            return counting.histogram(interval_us)

    def top(self, request: Request, name: str) -> Sequence[Bucket]:
        """Return the most frequent values of a field, at most `limit`; a list counts each of its values."""
        with self._counting(request.query, Span(since_us=request.since_us, until_us=request.until_us)) as counting:
            return counting.top(name, request.limit)

    def days(self) -> Sequence[DatasetDay]:
        """Return what is kept, by dataset and day."""
        with self._manifest.reading() as connection:
            return days(connection)

    def sources(self, since_us: int, until_us: int) -> Sequence[SourceFacts]:
        """Return what was received (`event.ingested`) within the span, by source, dataset, host and unit.

        What lies in files that can't be read is left out; `faults` names these from then on.
        """
        span = Span(since_us=since_us, until_us=until_us, clock="received_")
        with viewing(self._manifest, self._layout.readers, span, self._randomness) as view:
            try:
                return self._readable_sources(view, span)
            except (EngineError, StorageError):
                found = damaged(self._layout.events, view.all_files())
                if not found:
                    raise
            self._unreadable |= {each.file.path for each in found}
            return self._readable_sources(view, span)

    def _readable_sources(self, view: View, span: Span) -> Sequence[SourceFacts]:
        return self._counted(view.without(self._unreadable), Everything(), span).sources()

    def overflowing(self) -> Sequence[str]:
        """Return the datasets with fields past the bound of columns, by name: these are searched more slowly."""
        with self._manifest.reading() as connection:
            return with_column(connection, number(Own.OVERFLOW))

    def fields(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return, by dataset that is kept, which of these fields its events have, or had once.

        Of a dataset with fields past the bound of columns any name may be one of these, and counts.
        """
        with self._manifest.reading() as connection:
            overflowing = with_column(connection, number(Own.OVERFLOW))
            kept = sorted({each.dataset for each in days(connection)})
            known = {dataset: {field.name for field in read_columns(connection, dataset)} for dataset in kept}
        always = {TIME, DATASET, RECORD}
        return {
            dataset: frozenset(names) if dataset in overflowing else frozenset(names) & (fields | always)
            for dataset, fields in known.items()
        }

    @contextmanager
    def hunting(self, since_us: int | None, until_us: int | None) -> Iterator[Iterator[Stretch]]:
        """Enter a view of the events of [since, until), microseconds, in stretches; see `Stretch`."""
        span = Span(since_us=since_us, until_us=until_us)
        with self._view(span) as view:
            engine = self._engine("hunting", 1, _READ_MEGABYTES)
            yield stretches(view, span=span, types=self._types, folder=self._layout.events, engine=engine)

    def maintain(self) -> None:
        """Merge small files, and remove what nobody needs any more; does nothing while another process does."""
        engine = self._engine("merging", 1, _MERGE_MEGABYTES)
        compact(self._layout, self._manifest, engine, self._clock, self._randomness)
        sweep(self._layout, self._manifest)

    def expired(self, received_before_us: int) -> Sequence[DatasetDay]:
        """Return the days of datasets all of whose events were received before that time."""
        with self._manifest.reading() as connection:
            return days(connection, received_before_us)

    def sources_of(self, day: DatasetDay) -> frozenset[str]:
        """Return the sources whose events a day of a dataset holds."""
        with self._view(Span()) as view:
            files = tuple(file for file in view.files.get(day.dataset, ()) if file.day == day.day)
            counting = self._counted(View({day.dataset: files} if files else {}, view.columns), Everything(), Span())
            return frozenset(str(bucket.key) for bucket in counting.top("sec_ops.source", None))

    def rows(self, day: DatasetDay) -> Iterator[Row]:
        """Yield the rows of a day of a dataset by their place: stream, sequence, index, part."""
        with self._view(Span()) as view:
            files = tuple(file for file in view.files.get(day.dataset, ()) if file.day == day.day)
            if files:
                one = View({day.dataset: files}, view.columns)
                yield from rows_by_place(one, self._types, self._layout.events, self._reading_engine())

    def digest(self, day: DatasetDay) -> str:
        """Return the SHA-256 (hexadecimal) of what a day of a dataset holds now, read from its files."""
        with self._manifest.reading() as connection:
            files = day_files(connection, day.dataset, day.day)
        return day_digest(self._layout.events, files)

    def remove(self, day: DatasetDay, sha256: str) -> bool:
        """Take a day of a dataset away for good, if it still holds exactly what the digest says; else return False."""
        removed = remove_day(self._layout, self._manifest, day, sha256)
        sweep_replaced(self._layout, self._manifest)
        return removed

    def faults(self) -> StoreFaults:
        """Return the files that are gone, cut off or were found unreadable; how many events are not made again yet."""
        mending = self.mending()
        broken = {each.file.path: each.file for each in mending.wrong_size()} | self._still_unreadable()
        taken_out = sum(each.rows for each in mending.lacking()) - sum(mending.remade().values())
        return StoreFaults(files=(*broken,), lacking=max(0, taken_out) + sum(file.rows for file in broken.values()))

    def _still_unreadable(self) -> dict[str, EventFile]:
        with self._view(Span()) as view:
            return {file.path: file for file in view.all_files() if file.path in self._unreadable}

    def mending(self) -> Mending:
        """Return the part that events are made again with."""
        return Mending(self._layout, self._manifest, self._view, self._reading_engine)

    def close(self) -> None:
        """Let go of connections and files."""
        with self._turn:
            for engine in self._engines.values():
                engine.close()
            self._engines.clear()
        self._manifest.close()

    def _write(self, rows: Sequence[Row], written: list[EventFile]) -> None:
        writer = FileWriter(
            self._layout.events,
            self._writing_engine(),
            book=self._book,
            types=self._types,
            randomness=self._randomness,
        )
        now_us = int(self._clock.now().timestamp() * 1_000_000)
        for partition, tables in parts(tables_of(rows), now_us).items():
            writer.write(partition, tables, now_us, written)

    @contextmanager
    def _view(self, span: Span) -> Iterator[View]:
        with (
            viewing(self._manifest, self._layout.readers, span, self._randomness) as view,
            telling_of_damage(self._layout.events, view.all_files()),
        ):
            yield view

    @contextmanager
    def _counting(self, query: Query, span: Span) -> Iterator[Counting]:
        with self._view(span) as view:
            yield self._counted(view, query, span)

    def _counted(self, view: View, query: Query, span: Span) -> Counting:
        return Counting(
            view=view,
            query=query,
            span=span,
            types=self._types,
            folder=self._layout.events,
            engine=self._reading_engine(),
        )

    def _reading_engine(self) -> "DuckDBPyConnection":
        return self._engine("reading", _THREADS, _READ_MEGABYTES)

    def _writing_engine(self) -> "DuckDBPyConnection":
        return self._engine("writing", 1, _WRITE_MEGABYTES)

    def _engine(self, name: str, threads: int, megabytes: int) -> "DuckDBPyConnection":
        with self._turn:
            if name not in self._engines:
                make_folder(self._layout.events)
                self._engines[name] = open_engine(self._layout.events, threads=threads, memory_megabytes=megabytes)
            return self._engines[name]
