"""Column-wise reading for detection: values by field, without any event being built."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sec_ops.siem.embedded.arrow import python_columns
from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.parquet import number, scan
from sec_ops.siem.embedded.resolving import Resolver
from sec_ops.siem.embedded.selecting import resolver_of, time_condition
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.events import FieldTypes, Scalar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Chunk", "chunks"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some events of a dataset, column by column: `values[field][row]`, None where the event lacks the field.

    A field that none of these events has isn't in `values`.
    """

    rows: int
    values: Mapping[str, Sequence[Scalar | list[Scalar] | None]]


def chunks(
    view: View,
    dataset: str,
    fields: Sequence[str],
    *,
    span: Span,
    types: FieldTypes,
    folder: Path,
    engine: "DuckDBPyConnection",
) -> Iterator[Chunk]:
    """Yield the events of a span in no order, file by file; raises EngineError or StorageError."""
    for file in view.files.get(dataset, ()):
        resolver = resolver_of(dataset, [file], view, types)
        parts = _parts(resolver, fields)
        where = time_condition(span, resolver).sql
        columns = sorted(resolver.columns, key=lambda column: column.number)
        table = scan([folder / file.path], own=sorted(resolver.own, key=number), columns=columns)
        selected = ", ".join(f"{sql} AS v{place}" for place, (_name, sql) in enumerate(parts)) or "1"
        with engine_errors(folder):
            found = engine.cursor().sql(f"SELECT {selected} FROM {table} WHERE {where}")
            for rows, values in python_columns(found):
                yield Chunk(rows, _by_field([name for name, _sql in parts], values))


def _parts(resolver: Resolver, fields: Sequence[str]) -> list[tuple[str, str]]:
    """Return fields with the expressions that hold them: one, two when some values are lists, none."""
    return [
        (name, sql)
        for name in dict.fromkeys(fields)
        for sql in (resolver.plain(name), resolver.plain_list(name))
        if sql is not None
    ]


def _by_field(
    names: Sequence[str], values: Sequence[list[Scalar | list[Scalar] | None] | None]
) -> Mapping[str, Sequence[Scalar | list[Scalar] | None]]:
    found: dict[str, list[Scalar | list[Scalar] | None]] = {}
    for name, column in zip(names, values, strict=False):
        if column is None:
            continue
        other = found.get(name)
        if other is None:
            found[name] = column
        else:
            found[name] = [one if one is not None else two for one, two in zip(other, column, strict=True)]
    return found
