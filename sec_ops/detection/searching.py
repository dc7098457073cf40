r"""Regular expressions of rules over hostile values: RE2, and what it refuses with a deadline.

An expression is found anywhere in the value. What its signs mean is RE2's to say: `\d`, `\w`, `\s` and `\b` know ASCII
alone, `$` is the very end of the value (with `m`, of a line). Expressions that RE2 refuses, such as those with
look-around or back-references, are `regex`'s, with the same signs, and searched for DEADLINE_S seconds at most; so are
all where there is no RE2 for the machine.
"""

import re
from functools import lru_cache
from typing import Final

import regex

from sec_ops.content.patterns import GUARDED, Pattern, PatternError
from sec_ops.content.spelling import SIGNS, spelled
from sec_ops.detection.rule import Regex

__all__ = ["DEADLINE_S", "Search", "SearchError", "search_of", "written_out"]

DEADLINE_S: Final = 0.05
SOURCE_BOUND: Final = 4096
REPEAT_BOUND: Final = 10_000


class SearchError(ValueError):
    """An expression that can't be searched for, and why."""


class Search:
    """One compiled expression; raises SearchError when it can't be."""

    __slots__ = ("_deadline", "_guarded", "_source")

    def __init__(self, wanted: Regex) -> None:
        if len(wanted.source) > SOURCE_BOUND:
            reason = f"longer than {SOURCE_BOUND} characters"
            raise SearchError(reason)
        source = f"(?{wanted.flags}){wanted.source}" if wanted.flags else wanted.source
        self._source = _ending(source)
        self._guarded = _guarded(self._source)
        self._deadline = None if self._guarded else _with_deadline(source)

    @property
    def guarded(self) -> str:
        """Return the expression as RE2 searches for it, so that none takes longer than the value; else empty text."""
        return self._source if self._guarded is not None else ""

    def found_in(self, text: str) -> bool | None:
        """Return whether the value holds the expression, or None when the deadline passed."""
        if self._guarded is not None:
            return self._guarded.found_in(text)
        try:
            return self._deadline is not None and self._deadline.search(text, timeout=DEADLINE_S) is not None
        except TimeoutError:
            return None


@lru_cache(maxsize=8192)
def search_of(wanted: Regex) -> Search:
    """Return the compiled expression; raises SearchError when it can't be."""
    return Search(wanted)


def _guarded(source: str) -> Pattern | None:
    try:
        return Pattern(source) if GUARDED else None
    except PatternError:
        return None


def _ending(source: str) -> str:
    r"""Write the end of the value as RE2 does: `\z`, where others have `\Z`."""
    return re.sub(r"\\(.)", lambda sign: r"\z" if sign[1] == "Z" else sign[0], source, flags=re.DOTALL)


def _with_deadline(source: str) -> regex.Pattern[str]:
    if written_out(source) > REPEAT_BOUND:
        reason = f"its repetitions come to more than {REPEAT_BOUND} parts"
        raise SearchError(reason)
    try:
        return regex.compile(spelled(source))
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise SearchError(str(error)) from error


def written_out(source: str) -> int:
    """Return how many parts an expression has with its counted repetitions written out, as `regex` keeps them."""
    sizes, last = [0], 0
    for sign in SIGNS.finditer(source):
        if sign[0] == "(":
            sizes.append(0)
            last = 0
        elif sign[0] == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif sign[0].startswith("{"):
            sizes[-1] += last * (max(int(sign["least"] or 0), int(sign["most"] or 0), 1) - 1)
        else:
            last = 1
            sizes[-1] += 1
    return sum(sizes)
