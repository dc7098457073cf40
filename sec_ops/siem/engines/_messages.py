"""What a device's message says: patterns of content, found by the message's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sec_ops.content.patterns import Pattern

__all__ = ["Messages"]

_KEYS = frozenset({"of", "match", "set"})


@dataclass(frozen=True, slots=True)
class _Message:
    pattern: Pattern | None
    constants: Mapping[str, Any]


class Messages:
    """Patterns by message name; raises ValueError for what is no list of `of`, `match` and `set`."""

    def __init__(self, entries: object) -> None:
        self._exact: dict[str, list[_Message]] = {}
        self._beginning: list[tuple[str, _Message]] = []
        if not isinstance(entries, list | tuple):
            raise ValueError("messages: a list")
        for entry in entries:
            self._add(entry)

    def read(self, module: str, mnemonic: str, text: str) -> dict[str, Any]:
        """Return what the first fitting pattern says, nothing when none fits."""
        for message in self._candidates(module, mnemonic):
            if message.pattern is None:
                return dict(message.constants)
            groups = message.pattern.names(text)
            if groups is not None:
                said = {name.replace("__", "."): value.strip() for name, value in groups.items() if value.strip()}
                return {**message.constants, **said}
        return {}

    def _candidates(self, module: str, mnemonic: str) -> list[_Message]:
        whole = f"{module}/{mnemonic}"
        exact = self._exact.get(whole, []) + self._exact.get(mnemonic, [])
        return exact + [found for begins, found in self._beginning if whole.startswith(begins)]

    def _add(self, entry: object) -> None:
        if not isinstance(entry, Mapping) or not {"of"} <= entry.keys() <= _KEYS:
            raise ValueError("messages: each has of, and match or set")
        names, match, constants = entry["of"], entry.get("match"), entry.get("set", {})
        if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("messages: of is a list of names")
        if not isinstance(constants, Mapping) or not (match is None or isinstance(match, str)):
            raise ValueError("messages: match is a pattern, set a map")
        message = _Message(Pattern(match) if match else None, dict(constants))
        for name in names:
            if name.endswith("*"):
                self._beginning.append((name[:-1], message))
            else:
                self._exact.setdefault(name, []).append(message)
