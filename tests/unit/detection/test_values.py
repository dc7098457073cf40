"""What a value is to a test."""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.detection.rule import ANY_MANY, ANY_ONE, Glob, Regex, Wildcard
from sec_ops.detection.searching import SearchError, search_of
from sec_ops.detection.values import address_of, lies_in, like, number_of, part_of, scalars, text_of, time_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
PARTS = st.lists(st.one_of(st.sampled_from([ANY_MANY, ANY_ONE]), st.text("ab*?", min_size=1, max_size=3)), max_size=6)


@given(PARTS, st.text("ab*?", max_size=12))
def test_a_text_is_like_a_glob_when_the_expression_says_so(parts: list[str | Wildcard], text: str) -> None:
    signs = {ANY_MANY: ".*", ANY_ONE: "."}
    source = "".join(re.escape(part) if isinstance(part, str) else signs[part] for part in parts)
    assert like(parts, text) == (re.fullmatch(source, text, re.DOTALL) is not None)


def test_a_wildcard_is_no_star() -> None:
    assert Glob(("*",)) != Glob((ANY_MANY,))
    assert not like(("*",), "anything")


def test_wildcards_for_one_character_in_a_megabyte() -> None:
    text = "ab" * 500_000
    globs: list[list[str | Wildcard]] = [["a", ANY_ONE, "c"], ["b", ANY_ONE, ANY_ONE, "c.", ANY_ONE], [ANY_ONE, "\nc"]]
    for glob in globs:
        assert not any(like([ANY_MANY, *glob, ANY_MANY], text) for _ in range(20))
    assert like([ANY_MANY, "a", ANY_ONE, "c", ANY_MANY], text + "a\nc")


def test_lists_are_their_values_at_any_depth() -> None:
    nested: list[object] = ["last"]
    for _ in range(5000):
        nested = [nested]
    assert list(scalars(["a", [1, [None, False]], [], nested])) == ["a", 1, False, "last"]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (4624, "4624"), (4624.0, "4624"), (1.5, "1.5"), ("X", "X"), (float("inf"), "inf")],
)
def test_text(value: str | float | bool, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [("10", 10), ("-1.5", -1.5), (".5", 0.5), ("1e3", 1000.0), (2**70, 2**70), (str(2**70), 2**70), (7.0, 7.0)],
)
def test_numbers(value: str | float | bool, number: float) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(
    "value", ["", "x", "0x10", "1 ", "١", "nan", "inf", "1e999", True, float("nan"), float("inf"), "9" * 400]
)
def test_what_is_no_number(value: str | float | bool) -> None:
    assert number_of(value) is None


@pytest.mark.parametrize(
    ("cidr", "text", "inside"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("::ffff:0:0/96", "::ffff:10.1.2.3", True),
        ("2001:db8::/32", "2001:DB8::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("2001:db8::/32", "10.1.2.3", False),
    ],
)
def test_networks(cidr: str, text: str, inside: bool) -> None:
    address = address_of(text)
    assert address is not None
    assert lies_in(cidr, address) is inside


@pytest.mark.parametrize("text", ["", "10.1.2", "10.1.2.3:80", "host", "010.1.2.3"])
def test_what_is_no_address(text: str) -> None:
    assert address_of(text) is None


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-26T03:44:31Z",
        "2026-11-26T03:44:31.1234567Z",
        "2026-11-26 03:44:31.123",
        "2026-11-26T11:44+08:00",
        1795664671,
        1795664671000,
        1795664671000000,
        1795664671000000000,
        1795664671.5,
    ],
)
def test_times(value: str | float) -> None:
    moment = time_of(value, SHANGHAI)
    assert moment is not None
    parts = ("minute", "hour", "day", "week", "month", "year")
    assert [part_of(moment, part) for part in parts] == [44, 11, 26, 48, 11, 2026]


@pytest.mark.parametrize(
    "value", ["", "yesterday", "2026-11-26", True, 10**30, float("nan"), float("inf"), "0001-01-01T00:00:00"]
)
def test_what_is_no_time(value: str | float | bool) -> None:
    assert time_of(value, timezone(timedelta(hours=-12))) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans()))
def test_no_value_raises(value: str | float | bool) -> None:
    text_of(value)
    number_of(value)
    time_of(value, UTC)
    address_of(str(value))


def test_a_time_keeps_its_moment() -> None:
    assert time_of("2026-11-26T03:44:31", SHANGHAI) == datetime(2026, 11, 26, 3, 44, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        (Regex("b+"), "abc", True),
        (Regex("B"), "abc", False),
        (Regex("B", "i"), "abc", True),
        (Regex("^b$", "m"), "a\nb\nc", True),
        (Regex("a.b"), "a\nb", False),
        (Regex("a.b", "s"), "a\nb", True),
        (Regex("登.失败"), "用户登录失败", True),
        (Regex(r"^\d$"), "٣", False),
        (Regex("(?<!x)b"), "ab", True),
        (Regex("(?!a)(b)\\1"), "bb", True),
        (Regex("(?i)(?=A)a"), "A", True),
        (Regex("a"), "\udcff a", True),
    ],
)
def test_expressions(wanted: Regex, text: str, found: bool) -> None:
    assert search_of(wanted).found_in(text) is found


def test_a_catastrophic_expression_gives_up_and_says_so() -> None:
    assert search_of(Regex("^(?=a)(?:a|aa)+$")).found_in("a" * 100 + "!") is None
    assert search_of(Regex("^(?:a|aa)+$")).found_in("a" * 100 + "!") is False


@pytest.mark.parametrize(
    "source", ["(", "(?=a)(", "a" * 5000, "(a{1000}){1000}", "(?=a)((a{1000}){1000}){1000}", "(?=" * 900 + ")" * 900]
)
def test_what_is_no_expression(source: str) -> None:
    with pytest.raises(SearchError):
        search_of(Regex(source))
