"""In what order events come, and what can't be an order here."""

from typing import Any

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.siem.elastic.names import PLACE, RAW, is_plain, microseconds_field
from sec_ops.siem.events import TIME, FieldType, FieldTypes
from sec_ops.siem.storing import Request

__all__ = ["sort_of", "value_field"]


def sort_of(request: Request, types: FieldTypes) -> list[dict[str, Any]]:
    """Return the order of a request: the field asked for, time, place; raises UsageError for text and odd fields."""
    word = "asc" if request.order == "ascending" else "desc"
    own = [_by(microseconds_field(TIME), word, "long"), _by(PLACE, word, "keyword")]
    if request.sort == TIME:
        return own
    kind = types.of(request.sort)
    return [_by(value_field(request.sort, kind), word, _unmapped(kind)), *own]


def value_field(name: str, kind: FieldType) -> str:
    """Return the column that values of a field are counted and sorted by; raises UsageError when there is none."""
    if kind is FieldType.TEXT:
        what = message("{field} is text, whose values can't be counted or sorted by here", field=name)
        raise UsageError(what, advice=message("search its words, or take a keyword field"))
    if not is_plain(name) and kind is not FieldType.KEYWORD:
        raise UsageError(message("{field} can't be counted or sorted by here: its name is no column's", field=name))
    match kind:
        case FieldType.KEYWORD | FieldType.IP:
            return name + RAW
        case FieldType.DATE:
            return microseconds_field(name)
    return name


def _by(column: str, word: str, kind: str) -> dict[str, Any]:
    return {column: {"order": word, "missing": "_last", "unmapped_type": kind}}


def _unmapped(kind: FieldType) -> str:
    match kind:
        case FieldType.KEYWORD | FieldType.IP:
            return "keyword"
        case FieldType.DATE:
            return "long"
    return kind.value
