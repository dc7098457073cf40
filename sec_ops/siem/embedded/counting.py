"""Counts: of events, spans of time, values and sources; every one a grouping that DuckDB does over a few columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.selecting import Source, sources_of
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.events import PIPELINE_ERROR, FieldTypes
from sec_ops.siem.query.tree import Everything, Query
from sec_ops.siem.storing import Bucket, SourceFacts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Counting"]

_OLDEST_US = -9_000_000_000_000_000_000
"""No span begins before: 285,000 years before 1970, where numbers of 64 bits end."""
_TABLE, _WHERE, _PARTS = "\0table", "\0where", "\0parts"
"""Where the table, the condition and the datasets' queries go; no SQL has these."""
_Select = Callable[[Source], list[str]]
"""Makes the queries of one dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """A query over a span of a view, to be counted. Every method raises UsageError, EngineError or StorageError."""

    view: View
    query: Query
    span: Span
    types: FieldTypes
    folder: Path
    engine: "DuckDBPyConnection"

    def count(self) -> int:
        """Return how many events there are; files that lie whole in the span are not opened to count them all."""
        if not isinstance(self.query, Everything):
            return self._scanned(self.view)
        files = [file for each in self.view.files.values() for file in each]
        whole = {file.path for file in files if self._covers(file)}
        rest = {
            dataset: tuple(file for file in each if file.path not in whole) for dataset, each in self.view.files.items()
        }
        partly = replace(self.view, files={dataset: each for dataset, each in rest.items() if each})
        return sum(file.rows for file in files if file.path in whole) + self._scanned(partly)

    def histogram(self, interval_us: int) -> list[Bucket]:
        """Return the counts of spans of that length, aligned to 1970, in order, without the empty ones."""
        step = int(interval_us)

        def select(source: Source) -> list[str]:
            time = f"greatest({source.resolver.time(self.span.clock)}, {_OLDEST_US})"
            key = f"{time} - (({time} % {step}) + {step}) % {step}"
            return [f"SELECT {key} AS key_, count(*) AS count_ FROM {_TABLE} WHERE {_WHERE} GROUP BY 1"]

        found = self._asked(select, f"SELECT key_, sum(count_)::BIGINT FROM ({_PARTS}) GROUP BY 1 ORDER BY 1")
        return [Bucket(key=key, count=count) for key, count in found]

    def top(self, name: str, limit: int | None) -> list[Bucket]:
        """Return the most frequent values of a field, the smaller value first where counts are equal."""

        def select(source: Source) -> list[str]:
            single, many = source.resolver.plain(name), source.resolver.plain_list(name)
            parts = []
            if single:
                parts.append(f"SELECT {single} AS key_ FROM {_TABLE} WHERE ({_WHERE}) AND {single} IS NOT NULL")
            if many:
                parts.append(f"SELECT unnest(list_distinct({many})) AS key_ FROM {_TABLE} WHERE {_WHERE}")
            return [f"SELECT key_, count(*) AS count_ FROM ({part}) GROUP BY 1" for part in parts]

        bound = "" if limit is None else f" LIMIT {int(limit)}"
        query = f"SELECT key_, sum(count_)::BIGINT AS n_ FROM ({_PARTS}) GROUP BY 1 ORDER BY n_ DESC, key_{bound}"
        return [Bucket(key=key, count=count) for key, count in self._asked(select, query)]

    def sources(self) -> list[SourceFacts]:
        """Return what there is by source, dataset, host and unit."""

        def select(source: Source) -> list[str]:
            resolver = source.resolver
            names = ("sec_ops.source", "event.dataset", "host.name", "sec_ops.unit")
            groups = ", ".join(f"coalesce({resolver.plain(name) or 'NULL'}, '')" for name in names)
            kind = resolver.plain("event.kind") or "NULL"
            time, received = resolver.time(""), resolver.time("received_")
            return [
                (
                    f"SELECT {groups}, count(*), count(*) FILTER ({kind} = '{PIPELINE_ERROR}'), "
                    f"min({time}), max({time}), max({received}) FROM {_TABLE} WHERE {_WHERE} GROUP BY 1, 2, 3, 4"
                )
            ]

        names = ("source", "dataset", "host", "unit", "events", "unparsed", "first_us", "last_us", "last_received_us")
        found = self._asked(select, f"SELECT * FROM ({_PARTS}) ORDER BY 1, 2, 3, 4")
        return [SourceFacts(**dict(zip(names, row, strict=True))) for row in found]

    def _scanned(self, view: View) -> int:
        found = self._asked(
            lambda _source: [f"SELECT count(*) AS n FROM {_TABLE} WHERE {_WHERE}"],
            f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({_PARTS})",
            view,
        )
        return int(found[0][0]) if found else 0

    def _covers(self, file: EventFile) -> bool:
        since, until = self.span.since_us, self.span.until_us
        return (since is None or since <= file.first_us) and (until is None or file.last_us < until)

    def _asked(self, select: _Select, whole: str, view: View | None = None) -> Sequence[Sequence[Any]]:
        """Run one query over the parts of all datasets; nothing is found where there are none."""
        parts: list[str] = []
        parameters: list[Any] = []
        for source in sources_of(view or self.view, self.query, self.span, self.types, self.folder):
            for part in select(source):
                parts.append(part.replace(_TABLE, source.table()).replace(_WHERE, source.condition.sql))
                parameters += source.condition.parameters
        if not parts:
            return []
        with engine_errors(self.folder):
            return self.engine.cursor().execute(whole.replace(_PARTS, " UNION ALL ".join(parts)), parameters).fetchall()
