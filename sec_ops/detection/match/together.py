"""Many expressions asked as one first: most values hold none of them, and one search says so."""

from collections.abc import Sequence
from typing import Final

from sec_ops.content.patterns import Pattern, PatternError
from sec_ops.detection.rule import Regex
from sec_ops.detection.searching import search_of, written_out

__all__ = ["goes_together", "together"]

_LEAST: Final = 2
_PARTS_BOUND: Final = 100
"""An expression of more parts, its repetitions written out, costs the others more than it costs alone."""


def goes_together(wanted: Regex) -> bool:
    """Tell whether an expression is quickly asked beside others: those of RE2, whose search needs no deadline."""
    source = search_of(wanted).guarded
    return bool(source) and written_out(source) <= _PARTS_BOUND


def together(wanted: Sequence[Regex]) -> Pattern | None:
    """Return a pattern that is found in every value that one of the expressions is found in; None where there is none.

    Only for expressions that RE2 takes.
    """
    sources = [search_of(each).guarded for each in wanted]
    if len(wanted) < _LEAST or not all(sources):
        return None
    try:
        return Pattern("|".join(f"(?:{source})" for source in sources))
    except PatternError:
        return None
