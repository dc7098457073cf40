"""A span cut into windows from one end, so that what comes first is found without looking at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.views import Span

__all__ = ["Window", "newest_first", "oldest_first", "split"]


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a span; `files` are the paths of those that may have events in it."""

    span: Span
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Stretch:
    path: str
    first: int
    last: int
    rows: int


def newest_first(files: Sequence[EventFile], span: Span, *, rows: int, growth: int) -> Iterator[Window]:
    """Yield windows that cover the span from its end, the first with about `rows` rows, each `growth` times larger."""
    stretches = [_Stretch(file.path, file.first_us, file.last_us, file.rows) for file in files]
    for since, until, paths in _cut(stretches, rows, growth):
        yield Window(
            Span(
                since_us=span.since_us if since is None else _later(since, span.since_us),
                until_us=span.until_us if until is None else _earlier(until, span.until_us),
            ),
            paths,
        )


def oldest_first(files: Sequence[EventFile], span: Span, *, rows: int, growth: int) -> Iterator[Window]:
    """Yield windows that cover the span from its begin; time is mirrored, which swaps first and last."""
    stretches = [_Stretch(file.path, -file.last_us, -file.first_us, file.rows) for file in files]
    for since, until, paths in _cut(stretches, rows, growth):
        yield Window(
            Span(
                since_us=span.since_us if until is None else _later(1 - until, span.since_us),
                until_us=span.until_us if since is None else _earlier(1 - since, span.until_us),
            ),
            paths,
        )


def split(window: Window, held: Sequence[tuple[int, int, int]], rows: int) -> list[Window]:
    """Return a window in pieces of about `rows` rows, in order; `held` are rows, first and last time of its files."""
    first, last = min(each[1] for each in held), max(each[2] for each in held)
    since = first if window.span.since_us is None else max(first, window.span.since_us)
    until = last + 1 if window.span.until_us is None else min(last + 1, window.span.until_us)
    within = sum(count * _share(low, high, since, until) for count, low, high in held)
    pieces = max(1, min(int(within // rows), until - since))
    edges = [since + (until - since) * piece // pieces for piece in range(1, pieces)]
    ends = [window.span.since_us, *edges, window.span.until_us]
    return [replace(window, span=replace(window.span, since_us=low, until_us=high)) for low, high in pairwise(ends)]


def _share(first: int, last: int, since: int, until: int) -> float:
    """Return how much of [first, last] lies in [since, until)."""
    return max(0, min(last + 1, until) - max(first, since)) / (last + 1 - first)


def _cut(
    stretches: Sequence[_Stretch], rows: int, growth: int
) -> Iterator[tuple[int | None, int | None, frozenset[str]]]:
    """Yield [since, until) and the stretches that reach into it, from the end; None is an open end."""
    waiting = sorted(stretches, key=lambda each: each.last)
    taken: list[_Stretch] = []
    until: int | None = None
    counted = 0
    while waiting:
        each = waiting.pop()
        taken.append(each)
        counted += each.rows
        since = waiting[-1].last + 1 if waiting else None
        if since is None:
            yield None, until, frozenset(stretch.path for stretch in taken)
        elif counted >= rows and (until is None or since < until):
            yield since, until, frozenset(stretch.path for stretch in taken)
            taken = [stretch for stretch in taken if stretch.first < since]
            until, counted, rows = since, 0, rows * growth


def _later(one: int, other: int | None) -> int:
    return one if other is None else max(one, other)


def _earlier(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)
