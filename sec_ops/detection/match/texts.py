"""What the tests of one field ask of text, judged together: equals, begins, ends, holds, and what is looked at then."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

from sec_ops.detection.match.literals import literals_of
from sec_ops.detection.match.patience import Patience, Searches
from sec_ops.detection.match.required import least_length, required_text
from sec_ops.detection.match.together import goes_together, together
from sec_ops.detection.rule import ANY_MANY, ANY_ONE, Glob, Regex
from sec_ops.detection.values import like
from sec_ops.model.folding import fold

__all__ = ["TextTests"]

NEAR: Final = 7
WORTH_MEASURING: Final = 20
"""Expressions that need so many characters are asked of texts that have them."""

Place = Literal["equals", "begins", "ends", "holds", "any"]
_PLACES: Final[Mapping[tuple[bool, bool], Place]] = {
    (False, False): "equals",
    (False, True): "begins",
    (True, False): "ends",
    (True, True): "holds",
}
"""Where a literal stands, by whether anything may be before it and behind it."""


class _Asked(NamedTuple):
    """A test by its number, and what else must hold: asked of the text and the folded text."""

    number: int
    check: Callable[[str, str], bool | None] | None = None


class _Met(NamedTuple):
    """What passes where a literal stands, and what is asked then."""

    passed: tuple[int, ...]
    asked: tuple[_Asked, ...]


class TextTests:
    """The text tests of one field, by number."""

    __slots__ = (
        "_always",
        "_begins",
        "_contained",
        "_ends",
        "_equals",
        "_holds",
        "_loose",
        "_searches",
        "_together",
    )

    def __init__(self, tests: Iterable[tuple[int, Glob | Regex]], known: Searches) -> None:
        places: dict[Place, dict[str, list[_Asked]]] = {place: {} for place in get_args(Place)}
        searches: list[_Asked] = []
        loose: list[tuple[Regex, _Asked]] = []
        for number, operand in tests:
            place, literal, asked = _placed(number, operand, known)
            if place == "any" and isinstance(operand, Regex) and goes_together(operand):
                loose.append((operand, asked))
                continue
            places[place].setdefault(literal, []).append(asked)
            searches += [asked] if isinstance(operand, Regex) and place == "holds" else []
        met = {place: {text: _met(each) for text, each in texts.items()} for place, texts in places.items()}
        self._equals, self._holds = met["equals"], met["holds"]
        self._begins, self._ends = _Ends(met["begins"], "start"), _Ends(met["ends"], "end")
        self._always = tuple(places["any"].get("", ()))
        self._searches = tuple(searches)
        self._loose = tuple(asked for _, asked in loose)
        self._together = together([operand for operand, _ in loose])
        self._contained = literals_of(self._holds)

    def passed(self, text: str) -> tuple[set[int], int]:
        """Return the numbers of the tests that a text passes, and how many searches were given up."""
        folded = fold(text)
        met = [*self._begins.met(folded), *self._ends.met(folded)]
        if folded in self._equals:
            met.append(self._equals[folded])
        if self._holds:
            met += [self._holds[literal] for literal in self._contained.found(folded)]
        asked = [*self._always]
        if self._loose and (self._together is None or self._together.found_in(text)):
            asked += self._loose
        passed: set[int] = set()
        for each in met:
            passed.update(each.passed)
            asked += each.asked
        if not text.isascii():
            # Searches without regard to case know more spellings (the Kelvin sign, the long s) than folded text has.
            asked += self._searches
        results = [(each.number, each.check(text, folded)) for each in asked if each.check]
        passed.update([number for number, result in results if result])
        return passed, sum([result is None for _, result in results])


def _met(asked: Iterable[_Asked]) -> _Met:
    known = tuple(asked)
    return _Met(tuple(each.number for each in known if each.check is None), tuple(each for each in known if each.check))


class _Ends:
    """Literals at one end of a text, looked up by the characters nearest to it."""

    __slots__ = ("_first", "_known", "_lengths", "_near")

    def __init__(self, literals: Mapping[str, _Met], end: Literal["start", "end"]) -> None:
        self._first = end == "start"
        self._known = literals
        self._lengths = tuple(sorted({len(literal) for literal in literals if len(literal) < NEAR}))
        self._near: dict[str, list[str]] = {}
        for literal in literals:
            if len(literal) >= NEAR:
                self._near.setdefault(literal[:NEAR] if self._first else literal[-NEAR:], []).append(literal)

    def met(self, folded: str) -> Iterator[_Met]:
        """Yield what the literals that stand at this end lead to."""
        stands = folded.startswith if self._first else folded.endswith
        for length in self._lengths:
            literal = folded[:length] if self._first else folded[-length:]
            if literal in self._known and len(literal) == length:
                yield self._known[literal]
        for literal in self._near.get(folded[:NEAR] if self._first else folded[-NEAR:], ()):
            if stands(literal):
                yield self._known[literal]


def _placed(number: int, operand: Glob | Regex, searches: Searches) -> tuple[Place, str, _Asked]:
    if isinstance(operand, Regex):
        needed = fold(required_text(operand.source))
        searched = _Asked(number, _searched(operand, searches[operand]))
        return ("holds", needed, searched) if len(needed) > 2 else ("any", "", searched)
    literals = [part for part in operand.parts if isinstance(part, str)]
    longest = fold(max(literals, key=len, default=""))
    place = _place_of(operand, len(literals))
    if not operand.cased and place is not None and longest:
        return place, longest, _Asked(number)
    check = _cased(operand) if operand.cased else _like(operand)
    return (place or "holds") if longest else "any", longest, _Asked(number, check)


def _place_of(operand: Glob, literals: int) -> Place | None:
    """Return where the only literal of a glob stands; None for other globs."""
    parts = operand.parts
    before, after = parts[:1] == (ANY_MANY,), parts[-1:] == (ANY_MANY,)
    return _PLACES[before, after] if literals == 1 and len(parts) == 1 + before + after else None


def _searched(operand: Regex, search: Patience) -> Callable[[str, str], bool | None]:
    least = least_length(operand.source)
    if least < WORTH_MEASURING:
        return lambda text, _folded: search.found_in(text)
    # Halves of surrogate pairs are spelled out for RE2, so that other texts may be longer than they look.
    return lambda text, _folded: search.found_in(text) if len(text) >= least or not text.isascii() else False


def _cased(operand: Glob) -> Callable[[str, str], bool]:
    return lambda text, _folded: like(operand.parts, text)


def _like(operand: Glob) -> Callable[[str, str], bool]:
    parts = [fold(part) if isinstance(part, str) else part for part in operand.parts]
    joined = any(isinstance(one, str) and isinstance(other, str) for one, other in pairwise(parts))
    if not parts or ANY_ONE in parts or joined:
        return lambda _text, folded: like(parts, folded)
    first = parts[0] if isinstance(parts[0], str) else ""
    last = parts[-1] if isinstance(parts[-1], str) and len(parts) > 1 else ""
    inner = [part for part in parts[1 if first else 0 : -1 if last else None] if isinstance(part, str)]

    def check(_text: str, folded: str) -> bool:
        at, end = len(first), len(folded) - len(last)
        if at > end or not (folded.startswith(first) and folded.endswith(last)):
            return False
        for piece in inner:
            at = folded.find(piece, at, end) + len(piece)
            if at < len(piece):
                return False
        return True

    if len(parts) == 1:
        return lambda _text, folded: parts[0] is ANY_MANY or folded == first
    return check
