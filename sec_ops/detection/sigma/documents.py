"""Bytes in, documents out: bounded YAML, and the actions `global`, `reset` and `repeat` of collections."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from sec_ops.detection.sigma.faults import RuleFault, reading
from sec_ops.model.messages import message

__all__ = ["BYTES_BOUND", "Definition", "documents"]

BYTES_BOUND: Final = 4_194_304
DEPTH_BOUND: Final = 48
VALUES_BOUND: Final = 30_000
"""Of one document, with its aliases written out."""
_SEPARATORS_BOUND: Final = 300_000
"""Commas and lines of a text: no value comes without one."""
_TRUSTED_STARTS: Final = 1_000
"""With fewer signs that begin a collection, no nesting is deep enough to hurt the parser."""

_OPENING: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


@dataclass(frozen=True, slots=True)
class Definition:
    """One document as a map, and the SHA-256 of what was written."""

    value: dict[str, Any]
    digest: str


def documents(data: bytes) -> Iterator[Definition | RuleFault]:
    """Yield the documents in order, a fault in place of each that can't be read; after broken syntax none follow."""
    shared: dict[str, Any] = {}
    previous: dict[str, Any] = {}
    several = data.count(b"\n---") > 0
    for document in _parsed(data):
        if isinstance(document, RuleFault):
            yield document
            continue
        try:
            with reading():
                action = document.pop("action", None)
                if action == "global":
                    shared = previous = document
                    continue
                if action == "reset":
                    shared = {}
                    continue
                previous = _acted(action, document, shared, previous)
                yield Definition(previous, _digest(repr(previous).encode() if several else data))
        except RuleFault as fault:
            yield fault


def _acted(
    action: object, document: dict[str, Any], shared: dict[str, Any], previous: dict[str, Any]
) -> dict[str, Any]:
    if action == "repeat":
        return _merged(previous, document)
    if action is not None:
        raise RuleFault(message("unknown action {action}: global, reset and repeat are known", action=action))
    alone = "correlation" in document or "filter" in document
    return document if alone or not shared else _merged(document, shared)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    whole = dict(base)
    for key, value in over.items():
        inner = whole.get(key)
        whole[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return whole


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _parsed(data: bytes) -> Iterator[dict[str, Any] | RuleFault]:
    try:
        with reading():
            text = _text(data)
            loader = _Loader(text)
    except RuleFault as fault:
        yield fault
        return
    try:
        while True:
            try:
                with reading():
                    if not loader.check_node():
                        return
                    node = loader.get_node()
            except RuleFault as fault:
                yield fault
                return
            try:
                with reading():
                    value = _constructed(loader, node, text)
            except RuleFault as fault:
                yield fault
                continue
            if value is not None:
                yield value
    finally:
        loader.dispose()


def _text(data: bytes) -> str:
    if len(data) > BYTES_BOUND:
        raise RuleFault(message("larger than {bound} bytes", bound=BYTES_BOUND))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RuleFault(message("not UTF-8 text")) from error
    if sum(map(text.count, ",\n")) > _SEPARATORS_BOUND:
        raise RuleFault(message("more than {bound} values", bound=_SEPARATORS_BOUND))
    if "&" in text or sum(map(text.count, "[{-?:")) > _TRUSTED_STARTS:
        _check_depth(text)
    return text


class _Loader(yaml.CSafeLoader):
    """The safe loader, which takes no key twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._checked: set[int] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if id(node) not in self._checked:
            self._checked.add(id(node))
            keys = [key.value for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) != len(keys):
                twice = next(key for key in keys if keys.count(key) > 1)
                raise RuleFault(message("key {key} stands here a second time", key=twice))
        super().flatten_mapping(node)


def _check_depth(text: str) -> None:
    """Refuse deep nesting before anything recursive sees it: composing nodes from it ends the process."""
    loader = yaml.CSafeLoader(text)
    depth = 0
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            depth += isinstance(event, _OPENING)
            depth -= isinstance(event, _CLOSING)
            if depth > DEPTH_BOUND:
                raise RuleFault(message("nested deeper than {bound} levels", bound=DEPTH_BOUND))
    except yaml.YAMLError:
        return
    finally:
        loader.dispose()


def _constructed(loader: _Loader, node: Any, text: str) -> dict[str, Any] | None:  # noqa: ANN401 - the library's
    if ("&" in text or sum(map(text.count, ",\n")) > VALUES_BOUND) and _size(node, {}) > VALUES_BOUND:
        raise RuleFault(message("more than {bound} values", bound=VALUES_BOUND))
    value = loader.construct_document(node)
    if value is not None and not isinstance(value, dict):
        raise RuleFault(message("a document is a map"))
    return value


def _size(node: Any, known: dict[int, int]) -> int:  # noqa: ANN401 - a node of the library's
    """Return how many values a node stands for with all its aliases written out."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = VALUES_BOUND + 1
    size = 1
    if isinstance(node, yaml.MappingNode):
        size += sum(_size(key, known) + _size(value, known) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_size(value, known) for value in node.value)
    known[id(node)] = size
    return size
