"""When things arrived, though our own clock may have been wrong for a while: order is certain, moments are not."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

__all__ = ["trusted_moments"]


def trusted_moments(moments: Sequence[datetime], now: datetime) -> list[datetime]:
    """Return moments (UTC) that never run backwards for things in order of arrival.

    Those of a longest run of moments that fit the order, and are not after `now`, stay as they are; any other was told
    by a clock that was wrong then, and becomes the next one that fits. So neither a clock that was in 2030 for a night
    nor one that was in 1970 changes the moments of all others.
    """
    fitting = set(_longest_rising([n for n, each in enumerate(moments) if each <= now], moments))
    trusted, bound = list(moments), now
    for index in reversed(range(len(moments))):
        bound = moments[index] if index in fitting else bound
        trusted[index] = bound
    return trusted


def _longest_rising(indices: Sequence[int], moments: Sequence[datetime]) -> list[int]:
    """Return the indices of a longest subsequence that never falls (patience sorting)."""
    tops: list[datetime] = []
    ends: list[int] = []
    before: dict[int, int] = {}
    for index in indices:
        place = bisect_right(tops, moments[index])
        tops[place : place + 1] = [moments[index]]
        ends[place : place + 1] = [index]
        if place:
            before[index] = ends[place - 1]
    found = ends[-1:]
    while found and found[-1] in before:
        found.append(before[found[-1]])
    return found
