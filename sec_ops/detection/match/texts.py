"""What the tests of one field ask of text, judged together: equals, begins, ends, holds, and what is looked at then."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sec_ops.detection.match.contained import Contained
from sec_ops.detection.rule import ANY_MANY, Glob, Regex
from sec_ops.detection.searching import search_of
from sec_ops.detection.values import like
from sec_ops.model.folding import fold

__all__ = ["TextTests"]

Place = Literal["equals", "begins", "ends", "holds", "any"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A test by its number, and what else must hold: asked of the text and the folded text."""

    number: int
    check: Callable[[str, str], bool | None] | None = None


class TextTests:
    """The text tests of one field, by number."""

    __slots__ = ("_always", "_begins", "_contained", "_ends", "_equals", "_holds")

    def __init__(self, tests: Iterable[tuple[int, Glob | Regex]]) -> None:
        places: dict[Place, dict[str, list[_Asked]]] = {
            "equals": {},
            "begins": {},
            "ends": {},
            "holds": {},
            "any": {},
        }
        for number, operand in tests:
            place, literal, asked = _placed(number, operand)
            places[place].setdefault(literal, []).append(asked)
        self._equals, self._holds = places["equals"], places["holds"]
        self._begins, self._ends = _by_length(places["begins"]), _by_length(places["ends"])
        self._always = tuple(places["any"].get("", ()))
        self._contained = Contained(self._holds)

    def passed(self, text: str) -> tuple[set[int], int]:
        """Return the numbers of the tests that a text passes, and how many searches were given up."""
        folded = fold(text)
        found = list(self._always)
        found += self._equals.get(folded, ())
        for length, literals in self._begins:
            found += literals.get(folded[:length], ())
        for length, literals in self._ends:
            found += literals.get(folded[-length:], ())
        if self._holds:
            for literal in self._contained.found(folded):
                found += self._holds[literal]
        results = [(asked.number, asked.check is None or asked.check(text, folded)) for asked in found]
        return {number for number, result in results if result}, sum(result is None for _, result in results)


def _by_length(literals: Mapping[str, list[_Asked]]) -> tuple[tuple[int, dict[str, list[_Asked]]], ...]:
    found: dict[int, dict[str, list[_Asked]]] = {}
    for literal, asked in literals.items():
        found.setdefault(len(literal), {})[literal] = asked
    return tuple(found.items())


def _placed(number: int, operand: Glob | Regex) -> tuple[Place, str, _Asked]:
    if isinstance(operand, Regex):
        search = search_of(operand)
        return "any", "", _Asked(number, lambda text, _folded: search.found_in(text))
    parts = operand.parts
    literals = [part for part in parts if isinstance(part, str)]
    longest = fold(max(literals, key=len, default=""))
    place = _place_of(operand)
    if not operand.cased and place is not None and longest:
        return place, longest, _Asked(number)
    check = _cased(operand) if operand.cased else _like(operand)
    return (place or "holds") if longest else "any", longest, _Asked(number, check)


def _place_of(operand: Glob) -> Place | None:
    match operand.parts:
        case (str(),):
            return "equals"
        case (str(), other) if other is ANY_MANY:
            return "begins"
        case (other, str()) if other is ANY_MANY:
            return "ends"
        case (one, str(), other) if one is ANY_MANY and other is ANY_MANY:
            return "holds"
    return None


def _cased(operand: Glob) -> Callable[[str, str], bool]:
    return lambda text, _folded: like(operand.parts, text)


def _like(operand: Glob) -> Callable[[str, str], bool]:
    parts = [fold(part) if isinstance(part, str) else part for part in operand.parts]
    return lambda _text, folded: like(parts, folded)
