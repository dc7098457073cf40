"""Windows events as JSON: of the `evtx` library, Winlogbeat, NXLog, PowerShell, nested or flat; one shape comes out.

The shapes are those of `sec_ops.siem.windows.nested`, `.layouts` and `.ecs`. What comes out is ECS already: `rest: .`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from sec_ops.siem.engines import Composed, Extract, ExtractDocument, Extracted
from sec_ops.siem.engines.json import read_object
from sec_ops.siem.windows.ecs import completed
from sec_ops.siem.windows.nested import flattened, unfolded
from sec_ops.siem.windows.plan import Composer

OPTIONS: frozenset[str] = frozenset()
_FOLDED = frozenset({"event_data", "user_data", "Properties"})
_TOO_DEEP = (RecursionError, orjson.JSONEncodeError)


def compile_engine(_options: Mapping[str, Any]) -> Extract:
    """Return the engine; it has no options."""
    extract = compile_document(_options)

    def read(text: str) -> Extracted | None:
        record = read_object(text)
        found = None if record is None else extract(record)
        return found.event if isinstance(found, Composed) else found

    return read


def compile_document(_options: Mapping[str, Any]) -> ExtractDocument:
    """Return the engine for records that were read already."""
    composer = Composer()

    def extract(record: Mapping[str, Any]) -> Extracted | Composed | None:
        try:
            return _event(record, composer)
        except _TOO_DEEP:
            return None

    return extract


def _event(record: Mapping[str, Any], composer: Composer) -> Extracted | Composed | None:
    if "Event" in record or "System" in record:
        flat = flattened(record)
        return composer.composed(flat) if flat else None
    if "winlog" in record:
        return completed(record, composer)
    if record.keys().isdisjoint(_FOLDED):
        return composer.composed(record)
    return composer.composed(unfolded(record))
