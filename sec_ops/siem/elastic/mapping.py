"""How fields are indexed: core types only, every character folded as the language folds it.

A keyword is searched folded and counted as it was written (its twin `.raw`). Text is indexed as overlapping pairs of
characters, so that any part of it is found exactly, in Chinese too. A date has a twin of microseconds. Names may be
leaf and prefix at once (`a`, `a.b`), hence no subobjects. Nothing is mapped by itself: the store adds columns, within a
bound.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from sec_ops.model.folding import fold
from sec_ops.siem.elastic.names import (
    DAY,
    LISTS,
    LONG_KEYS,
    LONG_TEXT,
    MORE,
    MORE_RAW,
    ODD,
    PLACE,
    RAW,
    RECEIVED,
    TOLD,
    WRITER,
    microseconds_field,
)
from sec_ops.siem.embedded.partitions import INGESTED
from sec_ops.siem.events import DATASET, RECORD, TIME, FieldType, FieldTypes

__all__ = [
    "COLUMNS_BOUND",
    "END",
    "KEYWORD_UNITS",
    "MANAGED_BY",
    "SLOP",
    "START",
    "column",
    "commits_body",
    "properties",
    "template",
    "units",
    "with_times",
]

MANAGED_BY = "sec-ops"
KEYWORD_UNITS = 8_191
"""The longest value that is a term, in units of UTF-16: Lucene takes 32,766 bytes, and a unit is three at most."""
COLUMNS_BOUND = 1_500
"""Columns that a day's index may gain beside the catalogue's."""
END = "\ufdd0"
"""A non-character that closes each text twice, so that its last character, and its end, too begin a pair."""
START = "\ufdd1"
"""A non-character that opens each long value of a keyword."""
SLOP = 1_999_999
_POSITIONS_BETWEEN_VALUES = 2_000_000
_PAIRS = {"type": "custom", "tokenizer": "pairs", "filter": ["lowercase"]}
_SINCE_UNICODE_14 = ((0x2C2F, 0x2C2F), (0xA7C0, 0xA7DC), (0x10570, 0x10595), (0x10D50, 0x10D65))
_ALWAYS = {
    TIME: FieldType.DATE,
    INGESTED: FieldType.DATE,
    **dict.fromkeys(
        (
            DATASET,
            RECORD,
            "event.kind",
            "host.name",
            "log.file.path",
            "sec_ops.parser",
            "sec_ops.source",
            "sec_ops.transport",
            "sec_ops.unit",
        ),
        FieldType.KEYWORD,
    ),
}


def units(text: str) -> int:
    """Return the length of a text as the server counts it, in units of UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def with_times(types: FieldTypes) -> FieldTypes:
    """Return the catalogue with the fields that the store itself relies on."""
    return FieldTypes({**types.types, **_ALWAYS})


def template(prefix: str, types: FieldTypes, shards: int) -> dict[str, Any]:
    """Return the index template of events."""
    fields = properties(types)
    columns = sum(1 + len(each.get("fields", ())) for each in fields.values())
    settings = {
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",
        "codec": "best_compression",
        "refresh_interval": "5s",
        "mapping.total_fields.limit": columns + 2 * COLUMNS_BOUND + 100,
        "analysis": _analysis(),
    }
    mappings = {
        "dynamic": False,
        "subobjects": False,
        "_meta": {"managed_by": MANAGED_BY},
        "_source": {"excludes": _not_kept(types)},
        "properties": fields,
    }
    body = {
        "index_patterns": [f"{prefix}-events-*"],
        "priority": 500,
        "template": {"settings": {"index": settings}, "mappings": mappings},
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {**body, "_meta": {"managed_by": MANAGED_BY, "sha256": digest}}


def properties(types: FieldTypes) -> dict[str, Any]:
    """Return the columns every index begins with."""
    columns: dict[str, Any] = {}
    for name, kind in sorted(types.types.items()):
        columns |= column(name, kind)
    return {**columns, **_own()}


def column(name: str, kind: FieldType) -> dict[str, Any]:
    """Return the columns of one field, by their names."""
    if kind is FieldType.DATE:
        return {name: _column(kind), microseconds_field(name): {"type": "long"}}
    return {name: _column(kind)}


def commits_body() -> dict[str, Any]:
    """Return settings and mappings of the index of commits."""
    columns = {"stream": {"type": "keyword"}, "sequence": {"type": "long"}}
    return {
        "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {"dynamic": False, "properties": columns},
    }


def _keyword() -> dict[str, Any]:
    return {
        "type": "keyword",
        "normalizer": "folded",
        "doc_values": False,
        "ignore_above": KEYWORD_UNITS,
        **_spelled(),
    }


def _spelled() -> dict[str, Any]:
    return {"fields": {RAW[1:]: {"type": "keyword", "index": False, "ignore_above": KEYWORD_UNITS}}}


def _column(kind: FieldType) -> dict[str, Any]:
    match kind:
        case FieldType.KEYWORD:
            return _keyword()
        case FieldType.TEXT:
            return _text()
        case FieldType.IP:
            return {"type": "ip", **_spelled()}
        case FieldType.DATE:
            return {"type": "date", "format": "strict_date_optional_time"}
    return {"type": kind.value}


def _text() -> dict[str, Any]:
    return {
        "type": "text",
        "analyzer": "pairs",
        "search_analyzer": "literal",
        "norms": False,
        "position_increment_gap": _POSITIONS_BETWEEN_VALUES,
    }


def _own() -> dict[str, Any]:
    term = {"type": "keyword", "doc_values": False}
    return {
        PLACE: {"type": "keyword"},
        DAY: {"type": "keyword"},
        RECEIVED: {"type": "long"},
        LISTS: term,
        WRITER: {"type": "keyword"},
        TOLD: {"type": "long"},
        MORE: term,
        MORE_RAW: {"type": "keyword", "index": False},
        LONG_KEYS: term,
        LONG_TEXT: _text(),
        ODD: {"type": "keyword", "index": False, "doc_values": False},
    }


def _not_kept(types: FieldTypes) -> list[str]:
    twins = [microseconds_field(name) for name, kind in types.types.items() if kind is FieldType.DATE]
    return sorted([*twins, MORE, MORE_RAW, LONG_KEYS, LONG_TEXT])


def _analysis() -> Mapping[str, Any]:
    close = {"type": "pattern_replace", "pattern": "\\z", "replacement": END * 2}
    return {
        "char_filter": {"fold": {"type": "mapping", "mappings": _new_foldings()}, "close": close},
        "tokenizer": {"pairs": {"type": "ngram", "min_gram": 2, "max_gram": 2}},
        "normalizer": {"folded": {"type": "custom", "char_filter": ["fold"], "filter": ["lowercase"]}},
        "analyzer": {
            "pairs": {**_PAIRS, "char_filter": ["fold", "close"]},
            "literal": {**_PAIRS, "char_filter": ["fold"]},
        },
    }


@cache
def _new_foldings() -> list[str]:
    """Return the characters that fold to others since Unicode 14, which a server's Java may not know yet."""
    cased = (chr(code) for first, last in _SINCE_UNICODE_14 for code in range(first, last + 1))
    return [f"{each} => {fold(each)}" for each in cased if fold(each) != each]
