"""All tests of one field, judged together for one value."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Final

from sec_ops.content.patterns import GUARDED, holder_of
from sec_ops.detection.match.patience import Searches
from sec_ops.detection.match.required import longest_text
from sec_ops.detection.match.texts import TextTests
from sec_ops.detection.naive import passes
from sec_ops.detection.rule import Exists, Glob, Null, Number, Operand, Reference, Regex
from sec_ops.detection.values import Scalar, text_of

__all__ = ["FieldTests", "KeywordTests", "is_of_absent"]

TOGETHER: Final = 20
"""So many texts are searched for keywords as one: most hold none."""


def is_of_absent(operand: Operand) -> bool:
    """Tell whether a field without a value passes."""
    return isinstance(operand, Null) or (isinstance(operand, Exists) and not operand.wanted)


class FieldTests:
    """The tests of one field by their numbers; references to other fields are nobody's here.

    `absent` are those that a field without a value passes; `keywords` are asked beside the field's own.
    """

    __slots__ = ("_keywords", "_numbers", "_others", "_present", "_texts", "_texts_of_numbers", "_zone", "absent")

    def __init__(
        self,
        tests: Iterable[tuple[int, Operand]],
        zone: tzinfo,
        searches: Searches,
        keywords: "KeywordTests | None" = None,
    ) -> None:
        self._zone, self._keywords = zone, keywords
        texts: list[tuple[int, Glob | Regex]] = []
        present: list[int] = []
        absent: list[int] = []
        others: list[tuple[int, Operand]] = []
        self._numbers: dict[int | float, set[int]] = {}
        self._texts_of_numbers: dict[str, set[int]] = {}
        for number, each in tests:
            if isinstance(each, Glob | Regex):
                texts.append((number, each))
            elif isinstance(each, Number):
                self._numbers.setdefault(each.value, set()).add(number)
                self._texts_of_numbers.setdefault(text_of(each.value), set()).add(number)
            elif isinstance(each, Null | Exists):
                (absent if is_of_absent(each) else present).append(number)
            elif not isinstance(each, Reference):
                others.append((number, each))
        self._texts, self._others = TextTests(texts, searches), tuple(others)
        self._present = frozenset(present)
        self.absent: frozenset[int] = frozenset(absent).union(keywords.absent if keywords else ())

    def passed(self, value: Scalar) -> tuple[frozenset[int], int]:
        """Return the numbers of the tests that a value passes, and how many searches were given up."""
        text = text_of(value)
        found, given_up = self._own(value, text)
        if self._keywords is None or not self._keywords.may_be_in(text):
            return frozenset(found), given_up
        more, more_given_up = self._keywords.passed(value)
        return more.union(found), given_up + more_given_up

    def passed_by(self, texts: Sequence[str]) -> Iterator[frozenset[int]]:
        """Yield the numbers of the tests that each of the texts passes; keywords are looked for in many at once."""
        for first in range(0, len(texts), TOGETHER):
            some = texts[first : first + TOGETHER]
            worded = self._keywords is not None and self._keywords.may_be_in("\n".join(some))
            yield from (self.passed(text)[0] if worded else frozenset(self._own(text, text)[0]) for text in some)

    def _own(self, value: Scalar, text: str) -> tuple[set[int], int]:
        """Return the field's own tests that a value passes, and how many searches were given up."""
        found, given_up = self._texts.passed(text)
        found |= self._present
        if isinstance(value, str):
            found |= self._texts_of_numbers.get(value, set())
        elif not isinstance(value, bool):
            found |= self._numbers.get(value, set())
        results = [(number, passes(operand, value, self._zone)) for number, operand in self._others]
        found.update(number for number, result in results if result)
        return found, given_up + sum(result is None for _, result in results)


class KeywordTests(FieldTests):
    """The tests that any value may pass; a search for all their words at once says of most that they pass none."""

    __slots__ = ("_holds",)

    def __init__(self, tests: Sequence[tuple[int, Operand]], zone: tzinfo, searches: Searches) -> None:
        super().__init__(tests, zone, searches)
        words = [longest_text(operand) for _, operand in tests]
        self._holds = holder_of(words) if GUARDED and all(words) else None

    def may_be_in(self, text: str) -> bool:
        """Return whether a text may pass one of them."""
        return self._holds is None or self._holds(text.encode("utf-8", "surrogatepass"))
