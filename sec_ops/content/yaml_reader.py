"""YAML 1.2 in, plain values and their lines out: the safe, bounded, JSON-like subset that content is written in.

libyaml does the scanning. Tags, anchors and merge keys have no meaning here, keys are text, and plain scalars follow
the core schema of YAML 1.2 (`no` and `on` are text, dates are text); a number of over 18 digits stays text.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import Message, message

__all__ = ["BYTES_BOUND", "DEPTH_BOUND", "Document", "Path", "path_text", "read_yaml"]

BYTES_BOUND = 8_388_608
DEPTH_BOUND = 64

Path = tuple[str | int, ...]

_PARSER: Any = getattr(yaml, "CLoader", yaml.Loader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?((\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]{1,3})?|[0-9]{1,18}[eE][-+]?[0-9]{1,3})")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    spelling: word.lower() == "true" for word in ("true", "false") for spelling in (word, word.title(), word.upper())
}
_NUMERIC_START = frozenset("0123456789+-.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file's value and where its collections and keys stand."""

    file: str
    value: Any
    lines: dict[int, int] = field(repr=False)
    """Line of a collection by its `id()`."""
    key_lines: dict[int, dict[str | int, int]] = field(repr=False)
    """Line of each entry by the `id()` of its collection."""

    def line(self, path: Path) -> int:
        """Return the line (from 1) of the deepest part of `path` that the file has."""
        value, line = self.value, self.lines.get(id(self.value), 1)
        for step in path:
            known = self.key_lines.get(id(value), {}).get(step)
            if known is None:
                break
            value, line = value[step], known
        return line


def read_yaml(data: bytes, file: str) -> Document:
    """Return the document in `data`; `file` is the name that faults show.

    Raises ContentInvalid, and nothing else, whatever the bytes are: all duplicate keys, tags and anchors at once, or
    the first fault of syntax.
    """
    reader = _Reader(file)
    if len(data) > BYTES_BOUND:
        reader.fault(0, message("larger than {bound} bytes", bound=BYTES_BOUND))
        raise ContentInvalid(reader.faults)
    try:
        value = reader.document(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        reader.fault(data.count(b"\n", 0, error.start) + 1, message("not UTF-8 text"))
    except yaml.YAMLError as error:
        reader.syntax_fault(error)
    except _TooDeepError as error:
        reader.fault(error.line, message("nested deeper than {bound} levels", bound=DEPTH_BOUND))
    if reader.faults:
        raise ContentInvalid(reader.faults)
    return Document(file=file, value=value, lines=reader.lines, key_lines=reader.key_lines)


def path_text(path: Path) -> str:
    """Return a path as people write it: `items[2].title.zh`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Reader:
    """Builds values from libyaml's events, with a bound on depth that libyaml itself lacks."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.lines: dict[int, int] = {}
        self.key_lines: dict[int, dict[str | int, int]] = {}

    def fault(self, line: int, what: Message, *, advice: Message | None = None, path: str = "") -> None:
        self.faults.append(Fault(file=self.file, line=line, path=path, message=what, advice=advice))

    def syntax_fault(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
        self.fault(mark.line + 1 if mark else 0, message("not valid YAML: {reason}", reason=reason))

    def document(self, text: str) -> Any:  # noqa: ANN401 - any JSON value
        loader = _PARSER(text)
        try:
            self._next = loader.get_event
            self._next()
            if isinstance(self._next(), yaml.StreamEndEvent):
                return None
            value = self._value(self._next(), DEPTH_BOUND)
            self._next()
            if not isinstance(event := self._next(), yaml.StreamEndEvent):
                self.fault(event.start_mark.line + 1, message("a second document begins; a file holds one"))
            return value
        finally:
            loader.dispose()

    def _value(self, event: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
        if type(event) is yaml.ScalarEvent:
            if event.tag is not None or event.anchor is not None:
                self._refuse(event)
            return _scalar(event.value) if event.implicit[0] else event.value
        if type(event) is yaml.AliasEvent:
            self._refuse(event)
            return None
        if not depth:
            raise _TooDeepError(event.start_mark.line + 1)
        if event.tag is not None or event.anchor is not None:
            self._refuse(event)
        mapping = type(event) is yaml.MappingStartEvent
        value = self._mapping(depth) if mapping else self._sequence(depth)
        self.lines[id(value)] = event.start_mark.line + 1
        return value

    def _mapping(self, depth: int) -> dict[str, Any]:
        value: dict[str, Any] = {}
        lines: dict[str | int, int] = {}
        while type(event := self._next()) is not yaml.MappingEndEvent:
            line = event.start_mark.line + 1
            key = self._key(event, depth)
            if key in value:
                self.fault(line, message("key {key} stands here a second time", key=key), path=key)
            lines[key] = line
            value[key] = self._value(self._next(), depth - 1)
        self.key_lines[id(value)] = lines
        return value

    def _key(self, event: Any, depth: int) -> str:  # noqa: ANN401 - libyaml's event
        if type(event) is yaml.ScalarEvent:
            if event.tag is not None or event.anchor is not None:
                self._refuse(event)
            return str(event.value)
        self._value(event, depth - 1)
        self.fault(event.start_mark.line + 1, message("a key is text"))
        return ""

    def _sequence(self, depth: int) -> list[Any]:
        value: list[Any] = []
        lines: dict[str | int, int] = {}
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            lines[len(value)] = event.start_mark.line + 1
            value.append(self._value(event, depth - 1))
        self.key_lines[id(value)] = lines
        return value

    def _refuse(self, event: Any) -> None:  # noqa: ANN401 - libyaml's event
        line, tag = event.start_mark.line + 1, getattr(event, "tag", None)
        if tag is not None:
            self.fault(line, message("tag {tag} is not allowed", tag=tag), advice=message("leave the tag out"))
        else:
            advice = message("write the value out where it is used")
            self.fault(line, message("anchor or alias {name} is not allowed", name=event.anchor), advice=advice)


def _scalar(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0 if text[:2] in ("0o", "0x") else 10)
    return float(text) if _FLOAT.fullmatch(text) else text
