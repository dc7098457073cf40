"""Which parser a record belongs to: by its path, its program, the names in it, or how it begins."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sec_ops.content.patterns import first_of, path_pattern
from sec_ops.siem.parse.compiled import Compiled

__all__ = ["Router"]

_MEMORY_BOUND: Final = 4_096
_NAMES_LENGTH_BOUND: Final = 4_096
_BEGINNING: Final = 4_096


class Router:
    """All parsers, in the order they are asked: by priority, then by id."""

    def __init__(self, parsers: Iterable[Compiled]) -> None:
        self._all = sorted(parsers, key=lambda each: (each.recognise.priority, each.id))
        self._by_id = {each.id: each for each in self._all}
        self._files = [(path_pattern(glob), each) for each in self._all for glob in each.recognise.files]
        self._programs = [(path_pattern(glob), each) for each in self._all for glob in each.recognise.programs]
        self._program_memory: dict[str, tuple[Compiled, ...]] = {}
        self._keys = [each for each in self._all if each.recognise.keys]
        self._key_memory: dict[tuple[str, ...], tuple[tuple[Compiled, tuple[str, ...]], ...]] = {}
        content = [(pattern, each) for each in self._all for pattern in each.recognise.content]
        self._content = [each for _, each in content]
        self._begins = first_of([pattern for pattern, _ in content], "beginning")

    def named(self, name: str) -> Compiled | None:
        """Return the parser of that id."""
        return self._by_id.get(name)

    def by_path(self, path: str) -> Sequence[Compiled]:
        """Return the parsers that claim a file's path, without repetition."""
        clean = path.replace("\\", "/")
        return tuple(dict.fromkeys(each for pattern, each in self._files if path and pattern.begins(clean)))

    def by_program(self, program: str) -> Sequence[Compiled]:
        """Return the parsers of a program that logs through syslog or the journal."""
        name = program[:256]
        found = self._program_memory.get(name)
        if found is None:
            found = tuple(dict.fromkeys(each for pattern, each in self._programs if pattern.begins(name)))
            if len(self._program_memory) >= _MEMORY_BOUND:
                self._program_memory.clear()
            self._program_memory[name] = found
        return found

    def by_keys(self, document: Mapping[str, Any]) -> Compiled | None:
        """Return the parser whose names a JSON object has."""
        for parser, inside in self._possible(tuple(document)):
            if not inside or all(_has(document, key) for key in inside):
                return parser
        return None

    def by_names(self, names: tuple[str, ...]) -> Compiled | None:
        """Return the parser of every JSON object that has just these names; None where its values have a say."""
        found = self._possible(names)
        return found[0][0] if found and not found[0][1] else None

    def _possible(self, shape: tuple[str, ...]) -> tuple[tuple[Compiled, tuple[str, ...]], ...]:
        found = self._key_memory.get(shape)
        if found is None:
            found = tuple(_possible(self._keys, frozenset(shape)))
            if len(self._key_memory) >= _MEMORY_BOUND:
                self._key_memory.clear()
            if sum(map(len, shape)) <= _NAMES_LENGTH_BOUND:
                self._key_memory[shape] = found
        return found

    def by_content(self, text: str) -> Compiled | None:
        """Return the parser one of whose patterns a text begins with."""
        hits = self._begins(text[:_BEGINNING])
        return self._content[hits[0]] if hits else None


def _possible(parsers: Sequence[Compiled], names: frozenset[str]) -> Iterator[tuple[Compiled, tuple[str, ...]]]:
    """Yield the parsers that an object with these names may belong to, with the keys to look for inside its values."""
    for each in parsers:
        inside = tuple(key for key in each.recognise.keys if key not in names and key != "*")
        if all("." in key and key.partition(".")[0] in names for key in inside):
            yield each, inside


def _has(document: Mapping[str, Any], key: str) -> bool:
    if key in document:
        return True
    first, _, rest = key.partition(".")
    inner = document.get(first)
    return bool(rest) and isinstance(inner, dict) and _has(inner, rest)
