"""Rows of a day of a dataset, by their place: for another store to take."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.events import EventReader
from sec_ops.siem.embedded.fields import Own
from sec_ops.siem.embedded.selecting import sources_of
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.events import FieldTypes, Row
from sec_ops.siem.query.tree import Everything
from sec_ops.siem.records import Place

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["rows_by_place"]

_PLACE = (Own.STREAM, Own.SEQUENCE, Own.INDEX, Own.PART)
_PAGE = 1_000


def rows_by_place(view: View, types: FieldTypes, folder: Path, engine: "DuckDBPyConnection") -> Iterator[Row]:
    """Yield all rows of a view of one dataset's files in the order of their place; raises EngineError."""
    for source in sources_of(view, Everything(), Span(), types, folder):
        source.resolver.own.update(_PLACE)
        reader = EventReader(source, source.files, view.columns[source.dataset], ())
        query = f"SELECT {', '.join(_PLACE)}, {reader.selected} FROM {reader.table} ORDER BY 1, 2, 3, 4"
        with engine_errors(folder):
            found = engine.cursor().execute(query)
        while True:
            with engine_errors(folder):
                page = found.fetchmany(_PAGE)
            if not page:
                break
            for stream, sequence, index, part, *values in page:
                yield Row(reader.event(values), Place(stream, sequence), index, part)
