"""Garbage is looked for less often within, and as before afterwards; circles are found all the same."""

import gc
import weakref

import pytest

from sec_ops.runtime.memory import seldom_collecting


class Circle:
    def __init__(self) -> None:
        self.own = self


def fail_within() -> None:
    with seldom_collecting():
        raise ValueError("broken")


def test_as_before_afterwards():
    before = gc.get_threshold()
    with seldom_collecting():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
    with pytest.raises(ValueError, match="broken"):
        fail_within()
    assert gc.get_threshold() == before


def test_circles_are_found_within():
    with seldom_collecting():
        circle = weakref.ref(Circle())
        kept: list[list[int]] = [[] for _ in range(2 * gc.get_threshold()[0])]
        assert circle() is None
    assert kept
