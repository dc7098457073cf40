"""JSON records (RFC 8259): one object a record, taken as it is."""

import json as standard
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from sec_ops.siem.engines import Extract, Extracted

__all__ = ["OPTIONS", "compile_document", "compile_engine", "read_object"]

OPTIONS = frozenset({"inside"})
_NOT_NUMBERS: Final = ("NaN", "Infinity")
_DEPTH_BOUND: Final = 200


def read_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object a text is, or None.

    What many programs write although JSON doesn't know it is read too: NaN and infinities become null, half a
    surrogate pair stays visible as its escape.
    """
    try:
        found = orjson.loads(text)
    except (ValueError, RecursionError):
        found = _forgiven(text)
    return found if type(found) is dict else None


def _forgiven(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    if not any(word in text for word in _NOT_NUMBERS) and "\\u" not in text:
        return None
    if text.count("[") + text.count("{") > _DEPTH_BOUND and _too_deep(text):
        return None
    try:
        found = standard.loads(text, parse_constant=lambda _word: None)
        return orjson.loads(orjson.dumps(_clean(found)))
    except (ValueError, RecursionError, TypeError):
        return None


def _too_deep(text: str) -> bool:
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest > _DEPTH_BOUND


def _clean(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return value if not isinstance(value, int) or -(2**63) <= value < 2**64 else str(value)


def compile_document(options: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Extracted]:
    """Return the extraction from an object; `inside` names members, one of which may be the whole document."""
    inside = tuple(options.get("inside", ()))
    if not all(isinstance(name, str) for name in inside):
        raise ValueError("inside: names of members")
    if not inside:
        return lambda document: document

    def extract(document: Mapping[str, Any]) -> Extracted:
        for name in inside:
            member = document.get(name)
            if isinstance(member, dict):
                return {**{key: value for key, value in document.items() if key != name}, **member}
        return document

    return extract


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the extraction from a text."""
    extract = compile_document(options)

    def read(text: str) -> Extracted | None:
        document = read_object(text)
        return None if document is None else extract(document)

    return read
