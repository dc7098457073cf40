"""Engines of log parsers: the folder is the registry, one module an engine, found by its name.

A module defines `OPTIONS`, the names of the options it knows, and `compile_engine(options)`, which returns an
`Extract` and raises ValueError with a short reason for options that can't be. An `Extract` is pure and linear in its
input's length: it takes the decoded text of one whole record and returns what it says as names and values (nested maps
and lists as JSON has them), or None when it doesn't understand the text. It never raises, whatever the text is. A name
with dots means the same as nested maps, so an engine that already speaks ECS gives a flat map (`rest: .`), which is
quickest. Where the parser has a `heading`, the text is the source's last heading, a line feed and the record.
"""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Extract", "Extracted"]

Extracted = Mapping[str, Any]
Extract = Callable[[str], Extracted | None]
