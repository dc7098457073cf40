"""Events whose every value has its field's type; what doesn't fit goes to `misfit.<field>`, so that none is refused."""

import ipaddress
import math

from sec_ops.siem.embedded.partitions import time_us
from sec_ops.siem.events import DATASET, MISFIT, RECORD, TIME, UNPARSED, Event, FieldType, FieldTypes, Row, Scalar

__all__ = ["fitted"]

_BOUND = 2**63


def fitted(row: Row, types: FieldTypes, now_us: int) -> Event:
    """Return the event of a row as it is stored and found again; the row's own is left as it is."""
    event: Event = {TIME: 0}
    misfits: dict[str, list[Scalar]] = {}
    for name, value in row.event.items():
        kind = types.of(name)
        if kind is FieldType.KEYWORD and type(value) is str:
            event[name] = value
            continue
        items = [each for each in (value if isinstance(value, list) else [value]) if each is not None]
        good = [fit for each in items if (fit := _fit(each, kind)) is not None]
        if len(good) < len(items):
            misfits[MISFIT + name] = [_text(each) for each in items if _fit(each, kind) is None]
        if good:
            event[name] = list(good) if isinstance(value, list) else good[0]
    for name, values in misfits.items():
        before = event.get(name, [])
        merged = [*(before if isinstance(before, list) else [before]), *values]
        event[name] = merged if len(merged) > 1 else merged[0]
    event[TIME] = time_us(row.event, now_us)
    dataset = row.event.get(DATASET)
    event[DATASET] = dataset if type(dataset) is str and dataset else UNPARSED
    event[RECORD] = row.place.record(row.index)
    return event


def _fit(value: object, kind: FieldType) -> Scalar | None:
    """Return a value as its type holds it, None when it doesn't fit."""
    match kind:
        case FieldType.KEYWORD | FieldType.TEXT:
            return _text(value)
        case FieldType.IP:
            return value if isinstance(value, str) and _is_address(value) else None
        case FieldType.BOOLEAN:
            return value if isinstance(value, bool) else None
        case FieldType.DOUBLE:
            return _double(value)
    return value if type(value) is int and -_BOUND <= value < _BOUND else None


def _double(value: object) -> float | None:
    if type(value) is int:
        return float(value) if abs(value) < _BOUND else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _is_address(text: str) -> bool:
    try:
        return "%" not in str(ipaddress.ip_address(text))
    except ValueError:
        return False


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
