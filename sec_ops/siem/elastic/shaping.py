"""An event as a document and back: what is sent is what was known, with twins beside it that are indexed, not kept.

Whatever the event holds, the document is one that the server takes: odd names, values that are too long for a term,
moments that no date can have go where they are still found.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from sec_ops.model.folding import fold
from sec_ops.siem.elastic.mapping import KEYWORD_UNITS, START, units
from sec_ops.siem.elastic.names import (
    DAY,
    LISTS,
    LONG_KEYS,
    LONG_TEXT,
    MORE,
    MORE_RAW,
    ODD,
    OWN,
    PLACE,
    RECEIVED,
    TOLD,
    WRITER,
    document_id,
    is_plain,
    microseconds_field,
)
from sec_ops.siem.embedded.partitions import Partition
from sec_ops.siem.events import Event, FieldType, FieldTypes, Row, Scalar
from sec_ops.siem.storing import Commit

__all__ = ["Shaping", "digest_key", "event_of", "field_key", "head_key"]

_HEAD_CHARACTERS = 1_000
"""How much of a long value orders it among others: more than a range's bound may have."""
_Value = Scalar | list[Scalar]
_SURELY_SHORT = KEYWORD_UNITS // 2
_LONGEST_LISTED = 1_000
_UNKNOWN = "\ufffd"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SURROGATES = re.compile("[\ud800-\udfff]")
_FIRST_US = -62_135_596_800_000_000
_LAST_US = 253_402_300_799_999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaping:
    """How one batch of events becomes documents; `has_column` tells of an alias and a field."""

    types: FieldTypes
    commit: Commit
    has_column: Callable[[str, str], bool]

    def document(self, row: Row, event: Event, partition: Partition, received: int, alias: str) -> bytes:
        """Return the document of a fitted event as JSON."""
        body: dict[str, Any] = {
            PLACE: document_id(row),
            WRITER: self.commit.stream,
            TOLD: self.commit.sequence,
            DAY: partition.day,
            RECEIVED: received,
        }
        odd: dict[str, Any] = {}
        for name, value in event.items():
            self._put(name, value, alias, body, odd)
        if lists := [name for name, value in event.items() if isinstance(value, list) and len(value) > 1]:
            body[LISTS] = [name[:_LONGEST_LISTED] for name in lists]
        if odd:
            body[ODD] = _json(odd).decode()
        return _json(body)

    def _put(self, name: str, value: _Value, alias: str, body: dict[str, Any], odd: dict[str, Any]) -> None:
        kind = self.types.of(name)
        plain = is_plain(name)
        column = plain and kind is FieldType.KEYWORD and self.has_column(alias, name)
        if column and type(value) is str and len(value) <= _SURELY_SHORT:
            # Nearly all values are of this sort.
            body[name] = value
            return
        values = value if isinstance(value, list) else [value]
        if kind is FieldType.DATE:
            _put_date(name, value, values, body, odd)
            return
        if plain:
            body[name] = _without_negative_zero(value) if kind is FieldType.DOUBLE else value
        else:
            odd[name] = value
        if kind is FieldType.KEYWORD:
            texts = [str(each) for each in values]
            if not column or any(len(each) > _SURELY_SHORT for each in texts):
                _put_twins(name, texts, body, column)


def event_of(source: Mapping[str, Any], types: FieldTypes, fields: Collection[str] = ()) -> Event:
    """Return the event of a document, or only the fields that are wanted."""
    event: Event = {}
    for name, value in source.items():
        if name.startswith(OWN):
            continue
        event[name] = _moments(value) if types.of(name) is FieldType.DATE else value
    if ODD in source:
        event |= orjson.loads(source[ODD])
    return {name: event[name] for name in fields if name in event} if fields else event


def field_key(name: str) -> str:
    """Return what the values of a field without a column begin with."""
    return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=16).hexdigest()


def head_key(name: str, folded: str) -> str:
    """Return the term that orders a long value."""
    return f"{field_key(name)}:{folded[:_HEAD_CHARACTERS]}"


def digest_key(name: str, folded: str) -> str:
    """Return the term that a long value is equal by."""
    return f"{field_key(name)}={hashlib.sha256(folded.encode('utf-8', 'replace')).hexdigest()}"


def _put_twins(name: str, values: list[str], body: dict[str, Any], column: bool) -> None:  # noqa: FBT001
    for value in values:
        if units(value) > KEYWORD_UNITS:
            folded = fold(value)
            body.setdefault(LONG_TEXT, []).append(f"{START}{field_key(name)}:{value.replace(START, _UNKNOWN)}")
            body.setdefault(LONG_KEYS, []).extend([head_key(name, folded), digest_key(name, folded)])
        elif not column:
            body.setdefault(MORE, []).append(f"{field_key(name)}:{fold(value)}")
            body.setdefault(MORE_RAW, []).append(f"{field_key(name)}:{value}")


def _put_date(name: str, value: object, values: list[Scalar], body: dict[str, Any], odd: dict[str, Any]) -> None:
    body[microseconds_field(name)] = values
    texts = [_text_of(each) for each in values if isinstance(each, int) and _FIRST_US <= each <= _LAST_US]
    if len(texts) == len(values) and is_plain(name):
        body[name] = texts if isinstance(value, list) else texts[0]
    else:
        odd[name] = value


def _text_of(moment_us: int) -> str:
    moment = _EPOCH + moment_us * _MICROSECOND
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _moments(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list):
        return [_moments(each) for each in value]
    return (datetime.fromisoformat(value) - _EPOCH) // _MICROSECOND if isinstance(value, str) else value


def _without_negative_zero(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    return [each + 0.0 for each in value] if isinstance(value, list) else value + 0.0


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        return orjson.dumps(_encodable(body))


def _encodable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Replace lone surrogates, which UTF-8 can't carry, and spell out numbers beyond 64 bits."""
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case Mapping():
            return {_encodable(key): _encodable(each) for key, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
    return value
