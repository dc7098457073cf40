"""A request as SQL over the files of one dataset."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.siem.embedded.fields import Own, column_name
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.parquet import number, scan
from sec_ops.siem.embedded.resolving import Resolver
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.events import DATASET, Event, FieldTypes
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.query.sql import Condition, compile_sql
from sec_ops.siem.query.tree import And, Query, field_names

__all__ = ["Source", "resolver_of", "sources_of", "time_condition"]

_OVERFLOW = number(Own.OVERFLOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files of one dataset that may answer a query, and the condition on their rows."""

    dataset: str
    files: tuple[EventFile, ...]
    condition: Condition
    resolver: Resolver
    folder: Path = field(repr=False)

    def table(self, files: Iterable[EventFile] | None = None) -> str:
        """Return the table of the files with the columns that were asked for until now."""
        paths = [self.folder / file.path for file in (self.files if files is None else files)]
        columns = sorted(self.resolver.columns, key=lambda column: column.number)
        return scan(paths, own=sorted(self.resolver.own, key=number), columns=columns)


def sources_of(view: View, query: Query, span: Span, types: FieldTypes, folder: Path) -> list[Source]:
    """Return what to ask of each dataset; datasets that can't have what is asked for are left out.

    Raises UsageError for a query that the types of its fields don't allow.
    """
    found = []
    for dataset, files in view.files.items():
        resolver = resolver_of(dataset, files, view, types)
        compiled = compile_sql(query, types, resolver)
        condition = _both(time_condition(span, resolver), compiled)
        if compiled.sql != "FALSE" and not _excluded(query, dataset, types):
            found.append(Source(dataset=dataset, files=files, condition=condition, resolver=resolver, folder=folder))
    return found


def resolver_of(dataset: str, files: Iterable[EventFile], view: View, types: FieldTypes) -> Resolver:
    """Return where a dataset keeps its fields."""
    spills = frozenset(Own(column_name(each)) for file in files for each in file.columns if each == _OVERFLOW)
    return Resolver(dataset, view.columns[dataset], types, spills=spills)


def time_condition(span: Span, resolver: Resolver) -> Condition:
    """Return the condition of a span; bounds are own numbers, written out so that they prune files and row groups."""
    time = resolver.time(span.clock)
    parts = []
    if span.since_us is not None:
        parts.append(f"{time} >= {int(span.since_us)}")
    if span.until_us is not None:
        parts.append(f"{time} < {int(span.until_us)}")
    return Condition(" AND ".join(parts) or "TRUE")


def _both(first: Condition, second: Condition) -> Condition:
    return Condition(f"({first.sql}) AND ({second.sql})", first.parameters + second.parameters)


def _excluded(query: Query, dataset: str, types: FieldTypes) -> bool:
    """Return whether a part of the query that speaks of the dataset alone rules it out: its files needn't be opened."""
    parts = query.queries if isinstance(query, And) else (query,)
    event: Event = {DATASET: dataset}
    return any(field_names(part) == {DATASET} and not evaluate(part, event, types) for part in parts)
