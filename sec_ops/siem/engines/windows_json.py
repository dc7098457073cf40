"""Windows events as JSON: of the `evtx` library, Winlogbeat, NXLog, PowerShell, nested or flat; one shape comes out.

The shapes are those of `sec_ops.siem.windows.nested`, `.layouts` and `.ecs`. What comes out is ECS already: `rest: .`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from sec_ops.siem.engines import Columnwise, Extract, ExtractDocument, Extracted
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
        return None if record is None else extract(record)

    return read


def compile_document(_options: Mapping[str, Any]) -> ExtractDocument:
    """Return the engine for records that were read already."""
    composer = Composer()

    def extract(record: Mapping[str, Any]) -> Extracted | None:
        try:
            if _is_ecs(record):
                return completed(record, composer)
            flat = _flat(record)
            return composer.compose(flat) if flat else None
        except _TOO_DEEP:
            return None

    return extract


def compile_columns(_options: Mapping[str, Any]) -> Columnwise:
    """Return the engine for many records at once."""
    return _Columns()


class _Columns(Composer):
    """Winlogbeat's documents are taken one by one: they hold events of others too."""

    def flat(self, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return None if _is_ecs(document) else _flat(document)


def _is_ecs(record: Mapping[str, Any]) -> bool:
    return "winlog" in record and "Event" not in record and "System" not in record


def _flat(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "Event" in record or "System" in record:
        return flattened(record)
    return record if record.keys().isdisjoint(_FOLDED) else unfolded(record)
