"""Expressions asked as one: found wherever one of them is, and where none is, it says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.content.patterns import GUARDED
from sec_ops.detection.match.together import goes_together, together
from sec_ops.detection.rule import Regex
from sec_ops.detection.searching import search_of

EXPRESSIONS = [
    Regex("^a+$"),
    Regex("B.C", "i"),
    Regex("x$", "m"),
    Regex("^y", "m"),
    Regex("p.q", "s"),
    Regex(r"z\Z"),
    Regex(r"(?i)k|l"),
    Regex(r"\d{3}"),
    Regex("[é登]"),
]


@pytest.mark.skipif(not GUARDED, reason="no RE2 for this machine")
@given(st.lists(st.sampled_from(EXPRESSIONS), min_size=2), st.text("aABbCcxyzpqkKl\n1é登 ", max_size=8))
def test_found_where_one_of_them_is(wanted: list[Regex], text: str) -> None:
    one = together(wanted)
    assert one is not None
    assert one.found_in(text) == any(search_of(each).found_in(text) for each in wanted)


def test_not_for_one_alone_nor_for_what_re2_refuses() -> None:
    assert together([Regex("a")]) is None
    assert together([Regex("a"), Regex("(?=b)c")]) is None


@pytest.mark.skipif(not GUARDED, reason="no RE2 for this machine")
def test_what_has_many_parts_is_asked_alone() -> None:
    assert goes_together(Regex("a{99}b"))
    assert not goes_together(Regex(".{1000,}"))
    assert not goes_together(Regex("(?=b)c"))
