"""Engines of log parsers: the folder is the registry, one module an engine, found by its name.

A module defines `OPTIONS`, the names of the options it knows, and `compile_engine(options)`, which returns an
`Extract` and raises ValueError with a short reason for options that can't be. An `Extract` is pure and linear in its
input's length: it takes the decoded text of one whole record and returns what it says as names and values (nested maps
and lists as JSON has them), or None when it doesn't understand the text. It never raises, whatever the text is. A name
with dots means the same as nested maps, so an engine that already speaks ECS gives a flat map (`rest: .`), which is
quickest. Where the parser has a `heading`, the text is the source's last heading, a line feed and the record.

An engine that speaks ECS may give a `Composed` in place of a map: an event of its own making that becomes the event.

An engine of JSON records also defines `compile_document(options)`, which returns an `ExtractDocument`: a record that
was read to find its parser isn't read twice.
"""

import pkgutil
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from sec_ops.siem.events import FieldType

__all__ = ["Composed", "Extract", "ExtractDocument", "Extracted", "engine", "engine_names"]

Extracted = Mapping[str, Any]
Extract = Callable[[str], Extracted | None]


class Composed(NamedTuple):
    """An event in ECS names, which belongs to whoever gets it.

    `shape` stands for the names of `event` and the types of their values, which are texts, numbers and lists of texts.
    The fields of `loose` come and go within a shape; their values, single or lists, are what a field of the type has.
    Without a shape the event is a map like any other.
    """

    event: dict[str, Any]
    loose: Mapping[str, FieldType]
    shape: Hashable


ExtractDocument = Callable[[Mapping[str, Any]], Extracted | Composed | None]


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
