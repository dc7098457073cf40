"""All tests of one field, judged together for one value."""

from collections.abc import Iterable
from datetime import tzinfo

from sec_ops.detection.match.patience import Searches
from sec_ops.detection.match.texts import TextTests
from sec_ops.detection.naive import passes
from sec_ops.detection.rule import Exists, Glob, Null, Number, Operand, Reference, Regex
from sec_ops.detection.values import Scalar, text_of

__all__ = ["FieldTests", "is_of_absent"]


def is_of_absent(operand: Operand) -> bool:
    """Tell whether a field without a value passes."""
    return isinstance(operand, Null) or operand == Exists(wanted=False)


class FieldTests:
    """The tests of one field by their numbers; references to other fields are nobody's here.

    `absent` are those that a field without a value passes.
    """

    __slots__ = ("_numbers", "_others", "_present", "_texts", "_texts_of_numbers", "_zone", "absent")

    def __init__(self, tests: Iterable[tuple[int, Operand]], zone: tzinfo, searches: Searches) -> None:
        known = tuple(tests)
        self._zone = zone
        texts = ((number, each) for number, each in known if isinstance(each, Glob | Regex))
        self._texts = TextTests(texts, searches)
        self._present = frozenset(number for number, each in known if each == Exists(wanted=True))
        self.absent = frozenset(number for number, each in known if is_of_absent(each))
        self._numbers: dict[int | float, set[int]] = {}
        self._texts_of_numbers: dict[str, set[int]] = {}
        for number, each in known:
            if isinstance(each, Number):
                self._numbers.setdefault(each.value, set()).add(number)
                self._texts_of_numbers.setdefault(text_of(each.value), set()).add(number)
        apart = (Glob, Regex, Null, Exists, Number, Reference)
        self._others = tuple((number, each) for number, each in known if not isinstance(each, apart))

    def passed(self, value: Scalar) -> tuple[frozenset[int], int]:
        """Return the numbers of the tests that a value passes, and how many searches were given up."""
        found, given_up = self._texts.passed(text_of(value))
        found |= self._present
        if isinstance(value, str):
            found |= self._texts_of_numbers.get(value, set())
        elif not isinstance(value, bool):
            found |= self._numbers.get(value, set())
        results = [(number, passes(operand, value, self._zone)) for number, operand in self._others]
        found.update(number for number, result in results if result)
        return frozenset(found), given_up + sum(result is None for _, result in results)
