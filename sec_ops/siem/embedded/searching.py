"""Search: rows in order, found first by the few columns a query needs, then fetched whole.

The span is walked in windows from the end that comes first, so that a limit stops early and memory holds one window.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sec_ops.siem.embedded.engine import engine_errors, quoted
from sec_ops.siem.embedded.events import EventReader
from sec_ops.siem.embedded.fields import SQL_TYPES, Own
from sec_ops.siem.embedded.selecting import Source, sources_of
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.embedded.windows import Window, newest_first, oldest_first, split
from sec_ops.siem.events import TIME, Event, FieldTypes
from sec_ops.siem.storing import Request

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Search"]

_FEW = 5_000
"""Up to this limit rows are found first and fetched then; beyond it, they come whole as they are found."""
_FIRST_ROWS, _GROWTH = 500_000, 4
_STREAMED_ROWS = 200_000
_PAGE = 1_000
_PLACE = (Own.STREAM, Own.SEQUENCE, Own.INDEX, Own.PART)
_Hit = tuple[int, str, int]
"""Number of the source, file, number of the row in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A request to a view of the store."""

    view: View
    request: Request
    types: FieldTypes
    folder: Path
    engine: "DuckDBPyConnection"

    def events(self) -> Iterator[Event]:
        """Yield the events asked for; raises UsageError, EngineError, StorageError."""
        limit = self.request.limit
        found = self._few(limit) if limit is not None and limit <= _FEW else self._many()
        return found if limit is None else islice(found, limit)

    def _few(self, limit: int) -> Iterator[Event]:
        for window in self._windows(_FIRST_ROWS, _GROWTH):
            sources = self._sources(window)
            hits = self._hits(sources, limit)
            yield from self._fetched(sources, hits)
            limit -= len(hits)
            if limit <= 0:
                return

    def _many(self) -> Iterator[Event]:
        for window in self._pieces():
            ordered = [self._whole(source) for source in self._sources(window)]
            merged = heapq.merge(*ordered, key=lambda found: found[0], reverse=self._word == "DESC")
            for _key, event in merged:
                yield event

    def _pieces(self) -> Iterator[Window]:
        """Yield windows so small that their rows can be sorted in memory, if they are spread evenly."""
        rows = {
            file.path: (file.rows, file.first_us, file.last_us) for each in self.view.files.values() for file in each
        }
        for window in self._windows(_STREAMED_ROWS, 1):
            if self.request.sort == TIME:
                held = [rows[path] for path in window.files]
                pieces = split(window, held, _STREAMED_ROWS)
                yield from pieces if self._word == "ASC" else reversed(pieces)
            else:
                yield window

    @property
    def _word(self) -> str:
        return "ASC" if self.request.order == "ascending" else "DESC"

    def _windows(self, rows: int, growth: int) -> Iterator[Window]:
        files = [file for each in self.view.files.values() for file in each]
        span = Span(since_us=self.request.since_us, until_us=self.request.until_us)
        if self.request.sort != TIME:
            return iter([Window(span, frozenset(file.path for file in files))])
        cut = oldest_first if self._word == "ASC" else newest_first
        return cut(files, span, rows=rows, growth=growth)

    def _sources(self, window: Window) -> list[Source]:
        files = {
            dataset: tuple(file for file in each if file.path in window.files)
            for dataset, each in self.view.files.items()
        }
        view = replace(self.view, files={dataset: each for dataset, each in files.items() if each})
        return sources_of(view, self.request.query, window.span, self.types, self.folder)

    def _keys(self, source: Source) -> list[str]:
        """Return what rows are ordered by, the most important first."""
        source.resolver.own.update((Own.TIME, *_PLACE))
        keys = [Own.TIME.value, *(each.value for each in _PLACE)]
        if self.request.sort == TIME:
            return keys
        return [self._sort_key(source), *keys]

    def _sort_key(self, source: Source) -> str:
        single = source.resolver.plain(self.request.sort)
        many = source.resolver.plain_list(self.request.sort)
        parts = [*([single] if single else []), *([f"{many}[1]"] if many else [])]
        return f"coalesce({', '.join(parts)})" if parts else f"NULL::{SQL_TYPES[self.types.of(self.request.sort)]}"

    def _order(self, width: int) -> str:
        return ", ".join(f"k{each} {self._word} NULLS LAST" for each in range(width))

    def _hits(self, sources: Sequence[Source], limit: int) -> list[_Hit]:
        parts: list[str] = []
        parameters: list[Any] = []
        width = 0
        for place, source in enumerate(sources):
            keys = self._keys(source)
            width = len(keys)
            named = ", ".join(f"{key} AS k{each}" for each, key in enumerate(keys))
            parts.append(
                f"SELECT {place} AS source_, filename AS file_, file_row_number AS row_, {named} "
                f"FROM {source.table()} WHERE {source.condition.sql}"
            )
            parameters += source.condition.parameters
        if not parts:
            return []
        found = " UNION ALL ".join(parts)
        query = f"SELECT source_, file_, row_ FROM ({found}) ORDER BY {self._order(width)} LIMIT {limit}"
        with engine_errors(self.folder):
            return self.engine.cursor().execute(query, parameters).fetchall()

    def _fetched(self, sources: Sequence[Source], hits: Sequence[_Hit]) -> Iterator[Event]:
        events: dict[_Hit, Event] = {}
        for place, source in enumerate(sources):
            rows = [(file, row) for each, file, row in hits if each == place]
            if rows:
                events.update({(place, *at): event for at, event in self._rows(source, rows)})
        for hit in hits:
            yield events[hit]

    def _rows(self, source: Source, rows: Sequence[tuple[str, int]]) -> Iterator[tuple[tuple[str, int], Event]]:
        wanted = {file for file, _row in rows}
        files = [file for file in source.files if str(self.folder / file.path) in wanted]
        reader = EventReader(source, files, self.view.columns[source.dataset], self.request.fields)
        numbers = ", ".join(sorted({str(row) for _file, row in rows}))
        pairs = ", ".join(f"({quoted(file)}, {row})" for file, row in rows)
        query = (
            f"SELECT filename, file_row_number, {reader.selected} FROM {reader.table} "
            f"WHERE file_row_number IN ({numbers}) AND (filename, file_row_number) IN (VALUES {pairs})"
        )
        for file, row, *values in self._pages(query, ()):
            yield (file, row), reader.event(values)

    def _whole(self, source: Source) -> Iterator[tuple[Any, Event]]:
        keys = self._keys(source)
        reader = EventReader(source, source.files, self.view.columns[source.dataset], self.request.fields)
        named = ", ".join(f"{key} AS k{each}" for each, key in enumerate(keys))
        query = (
            f"SELECT {named}, {reader.selected} FROM {reader.table} WHERE {source.condition.sql} "
            f"ORDER BY {self._order(len(keys))}"
        )
        ranked = self._ranked()
        for row in self._pages(query, source.condition.parameters):
            yield ranked(row[: len(keys)]), reader.event(row[len(keys) :])

    def _ranked(self) -> Callable[[Sequence[Any]], Any]:
        """Return how a row's keys compare: events without the field they are sorted by come last."""
        if self.request.sort == TIME:
            return tuple
        last_is_low = self._word == "DESC"
        return lambda keys: ((keys[0] is None) ^ last_is_low, keys[0] if keys[0] is not None else 0, *keys[1:])

    def _pages(self, query: str, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        with engine_errors(self.folder):
            found = self.engine.cursor().execute(query, parameters)
        while True:
            with engine_errors(self.folder):
                page = found.fetchmany(_PAGE)
            if not page:
                return
            yield from page
