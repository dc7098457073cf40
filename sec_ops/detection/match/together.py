"""Many expressions asked as one first: most values hold none of them, and one search says so."""

from collections.abc import Sequence

from sec_ops.content.patterns import Pattern, PatternError
from sec_ops.detection.rule import Regex
from sec_ops.detection.searching import search_of

__all__ = ["together"]

_LEAST = 2


def together(wanted: Sequence[Regex]) -> Pattern | None:
    """Return a pattern that is found in every value that one of the expressions is found in; None where there is none.

    Only for expressions that RE2 takes, for it is its search that needs no deadline.
    """
    sources = [search_of(each).guarded for each in wanted]
    if len(wanted) < _LEAST or not all(sources):
        return None
    try:
        return Pattern("|".join(f"(?:{source})" for source in sources))
    except PatternError:
        return None
