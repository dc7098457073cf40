"""Engines of log parsers: the folder is the registry, one module an engine, found by its name.

A module defines `OPTIONS`, the names of the options it knows, and `compile_engine(options)`, which returns an
`Extract` and raises ValueError with a short reason for options that can't be. An `Extract` is pure and linear in its
input's length: it takes the decoded text of one whole record and returns what it says as names and values (nested maps
and lists as JSON has them), or None when it doesn't understand the text. It never raises, whatever the text is. A name
with dots means the same as nested maps, so an engine that already speaks ECS gives a flat map (`rest: .`), which is
quickest. Where the parser has a `heading`, the text is the source's last heading, a line feed and the record.

An engine of JSON records also defines `compile_document(options)`, which returns an `ExtractDocument`: a record that
was read to find its parser isn't read twice. Where it speaks ECS and its records repeat few shapes, it may define
`compile_columns(options)` too, which returns a `Columnwise`: events of many records at once, column by column.
"""

import pkgutil
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from sec_ops.siem.events import Event, FieldType

__all__ = ["Columnwise", "Composed", "Extract", "ExtractDocument", "Extracted", "engine", "engine_names"]

Extracted = Mapping[str, Any]
Extract = Callable[[str], Extracted | None]


ExtractDocument = Callable[[Mapping[str, Any]], Extracted | None]


class Composed(NamedTuple):
    """Events in ECS names, which belong to whoever gets them: what all share, and columns with None where one lacks it.

    `shape` stands for the names and the types of their values, which are texts, numbers and lists of texts, and for the
    constants. The fields of `loose` come and go within a shape; their values, single or lists, are what a field of the
    type has. Without a shape the events are maps like any other.
    """

    constants: Mapping[str, Any]
    columns: dict[str, Sequence[Any]]
    loose: Mapping[str, FieldType]
    shape: Hashable

    def event(self, row: int) -> Event:
        """Return one event as a map."""
        own = {name: values[row] for name, values in self.columns.items() if values[row] is not None}
        return {**self.constants, **own}


class Columnwise(Protocol):
    """Events of many records that were read already; may raise for a record that `ExtractDocument` can't take."""

    def flat(self, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the record as one level of names, None when it has to be taken by itself."""
        ...

    def claims(self, names: tuple[str, ...]) -> bool:
        """Return whether flat records with these names are understood."""
        ...

    def composed(self, records: Sequence[Mapping[str, Any]]) -> Iterable[tuple[Sequence[int], Composed]]:
        """Yield the events of flat records that have the same names, each lot with its positions among them."""
        ...

    def composed_columns(
        self, names: tuple[str, ...], columns: Sequence[Sequence[Any]]
    ) -> Iterable[tuple[Sequence[int], Composed]]:
        """Yield the events of flat records with these names, whose values lie in columns, as `composed` does."""
        ...


@cache
def engine_names() -> frozenset[str]:
    """Return the names of all engines."""
    return frozenset(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


@cache
def engine(name: str) -> ModuleType:
    """Return the module of an engine; raises KeyError when the folder has none of that name."""
    if name not in engine_names():
        raise KeyError(name)
    return import_module(f"{__name__}.{name}")
