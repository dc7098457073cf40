"""The index of literals finds what looking for each finds; required text is in every value that is found."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.content.patterns import Pattern, PatternError
from sec_ops.detection.match.contained import Contained
from sec_ops.detection.match.patience import Searches
from sec_ops.detection.match.required import least_length, required_text
from sec_ops.detection.match.texts import TextTests
from sec_ops.detection.rule import ANY_MANY, Glob, Regex
from sec_ops.detection.searching import search_of

pieces = st.text(alphabet="ab.\\登录é\ud800", min_size=1, max_size=12)


@given(st.lists(pieces, min_size=1, max_size=60), st.lists(pieces, max_size=12).map("".join))
def test_it_finds_what_looking_for_each_finds(literals: list[str], text: str) -> None:
    for whole in (text, text + literals[0], literals[-1] + text, text + literals[0] + text):
        assert Contained(literals).found(whole) == {literal for literal in literals if literal in whole}


@pytest.mark.parametrize("length", range(1, 17))
def test_every_length_at_every_place(length: int) -> None:
    literal = "abcdefghijklmnopqrst"[:length]
    index = Contained([literal, *(f"{number:05}" for number in range(90))])
    for before in range(9):
        assert index.found("-" * before + literal + "-" * (before % 3)) == {literal}
        assert index.found("-" * before + literal[:-1]) == set()


SOURCES = (
    ("abc", "abc"),
    ("^abc$", "abc"),
    ("(?i)Abc.*defgh", "defgh"),
    ("abcd*", "abc"),
    ("abcd+efghij", "efghij"),
    ("abcd{0,3}", "abc"),
    ("abcd{2}", "abcd"),
    ("a|b", ""),
    ("(abcdef|x)yz", "yz"),
    ("(abcdef)?yz", "yz"),
    ("[abc]defg[^]]hi", "defg"),
    (r"\\cmd\.exe\s+/c", r"\cmd.exe"),
    (r"\x41bcd", ""),
    ("((", ""),
    ("a(b|c", ""),
    ("x(?i)yz", "yz"),
)


@pytest.mark.parametrize(("source", "expected"), SOURCES)
def test_required_text(source: str, expected: str) -> None:
    assert required_text(source) == expected


sources = st.lists(
    st.sampled_from(
        ("a", "bc", ".", "*", "+", "?", "{0,1}", "{2}", "(", ")", "|", "[ab]", r"\.", r"\w", "^", "K", "s")
    ),
    max_size=10,
).map("".join)


@given(sources, st.sampled_from(("", "i")), st.text(alphabet="abcABCkKsS.\u212aſ", max_size=12))
def test_searches_are_found_as_they_are_alone(source: str, flags: str, text: str) -> None:
    wanted = Regex(source, flags)
    try:
        re.compile(source)
        search = search_of(wanted)
    except (re.error, ValueError):
        return
    assert (7 in TextTests([(7, wanted)], Searches()).passed(text)[0]) is bool(search.found_in(text))


@given(st.lists(st.sampled_from(("a\nb", "needle", "x" * 400, "登录", "\n", "tail\r")), max_size=12).map("".join))
def test_long_texts_are_looked_at_line_by_line(text: str) -> None:
    literals = ("a\nb", "needle", "登录", "\r")
    tests = TextTests(enumerate(Glob((ANY_MANY, literal, ANY_MANY)) for literal in literals), Searches())
    for whole in (text, text + "\n" * 1_000, "\n".join((text, "y" * 1_500, text))):
        wanted = {at for at, literal in enumerate(literals) if literal in whole}
        assert tests.passed(whole)[0] == tests.passed(whole)[0] == wanted


@pytest.mark.parametrize(
    ("source", "least"),
    [
        (".{1000,}", 1000),
        (r"(?i)^\sa+b?c*[d-f]{3}\b$", 5),
        (r"x{2}{0}", 0),
        (r"x{,5}y", 1),
        (r"x{2,3}?y+?", 3),
        ("a(b)", 0),
        ("a|bc", 0),
        (r"\Qa+\E", 0),
        (r"\.\[", 2),
        ("", 0),
    ],
)
def test_least_length(source: str, least: int) -> None:
    assert least_length(source) == least


@given(st.text(r"ab.\d[c]^$+*?{2,}|", max_size=10), st.text("abc12^", max_size=8))
def test_no_shorter_value_holds_an_expression(source: str, text: str) -> None:
    try:
        found = Pattern(source).found_in(text)
    except PatternError:
        return
    assert not found or len(text) >= least_length(source)
