"""Patterns in text that is indexed as overlapping pairs of characters, each at its character's position.

A literal is its pairs next to each other, a single character any pair that begins with it (the last one has a pair too,
with the mark that closes a value twice). `?` is a gap. After `*` comes the next literal anywhere later in the same
value; where it could share the last character of the one before, that character is asked for as a pair of its own.
"""

from dataclasses import dataclass, field
from typing import Any

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.siem.elastic.mapping import END, SLOP, START
from sec_ops.siem.query.tree import ANY, ONE, Pattern, Wildcard

__all__ = ["contains", "wildcard_text"]

_LONGEST = 8_191
_SPECIAL = str.maketrans({each: f"\\{each}" for each in "\\*?"})


def wildcard_text(pattern: Pattern) -> str:
    """Return a pattern as a wildcard query of a whole keyword has it."""
    return "".join(each.value if isinstance(each, Wildcard) else each.translate(_SPECIAL) for each in pattern)


def contains(name: str, pattern: Pattern, *, closed: bool = False) -> dict[str, Any]:
    """Return the query for text that contains a folded pattern; when `closed`, the value ends with it.

    Raises UsageError for `?` at the edge of a pattern or beside `*`, for the mark that closes values, and for more than
    8,191 characters.
    """
    literal = "".join(each for each in pattern if isinstance(each, str))
    if END in literal or START in literal.removeprefix(START):
        raise UsageError(message("the non-characters U+FDD0 and U+FDD1 can't be searched here"))
    if len(literal) > _LONGEST:
        what = message("a phrase in text is {count} characters at most here", count=_LONGEST)
        raise UsageError(what, advice=message("shorten it"))
    stretches = _stretches((*pattern, END * 2) if closed and pattern[-1] is not ANY else pattern)
    if len(stretches) == 1 and len(stretches[0]) == 1:
        return _phrase(name, stretches[0][0][1])
    spans = [_stretch(name, each, following) for each, following in zip(stretches, [*stretches[1:], None], strict=True)]
    return spans[0] if len(spans) == 1 else _near(spans, SLOP)


Piece = tuple[int, str]
"""How many characters of any kind come before a literal, and the literal."""


@dataclass(slots=True)
class _Reader:
    stretches: list[list[Piece]] = field(default_factory=lambda: [[]])
    ones: int = 0

    def read(self, each: str | Wildcard) -> None:
        current = self.stretches[-1]
        if each is ONE:
            self.ones += 1
        elif each is ANY:
            self._refuse_ones()
            if current:
                self.stretches.append([])
        elif current and not self.ones:
            current[-1] = (current[-1][0], current[-1][1] + str(each))
        elif not current and self.ones:
            self._refuse_ones()
        elif each:
            current.append((self.ones, str(each)))
            self.ones = 0

    def _refuse_ones(self) -> None:
        if self.ones:
            what = message("in text, ? stands between two literal parts here, not at an edge or beside *")
            raise UsageError(what, advice=message("leave it out, or write *"))

    def end(self) -> list[list[Piece]]:
        self._refuse_ones()
        return [each for each in self.stretches if each]


def _stretches(pattern: Pattern) -> list[list[Piece]]:
    reader = _Reader()
    for each in pattern:
        reader.read(each)
    return reader.end()


def _phrase(name: str, literal: str) -> dict[str, Any]:
    if len(literal) == 1:
        return {"prefix": {name: literal}}
    return {"match_phrase": {name: literal}} if len(literal) > 2 else {"term": {name: literal}}


def _stretch(name: str, pieces: list[Piece], following: list[Piece] | None) -> dict[str, Any]:
    clauses: list[dict[str, Any]] = []
    position = 0
    filled = 0
    for ones, literal in pieces:
        position += ones
        if position > filled:
            clauses.append({"span_gap": {name: position - filled}})
        clauses += _pairs(name, literal)
        filled = position + max(1, len(literal) - 1)
        position += len(literal)
    last = pieces[-1][1]
    if following and len(last) > 1 and following[0][1][0] == last[-1]:
        clauses.append(_beginning(name, last[-1]))
    return clauses[0] if len(clauses) == 1 else _near(clauses, 0)


def _pairs(name: str, literal: str) -> list[dict[str, Any]]:
    if len(literal) == 1:
        return [_beginning(name, literal)]
    return [{"span_term": {name: literal[at : at + 2]}} for at in range(len(literal) - 1)]


def _beginning(name: str, character: str) -> dict[str, Any]:
    return {"span_multi": {"match": {"prefix": {name: character}}}}


def _near(clauses: list[dict[str, Any]], slop: int) -> dict[str, Any]:
    return {"span_near": {"clauses": clauses, "slop": slop, "in_order": True}}
