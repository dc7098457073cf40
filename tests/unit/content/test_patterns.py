"""Patterns: what is found, and that machines without a wheel of RE2 read the samples the same."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.content import patterns
from sec_ops.content.patterns import Pattern, PatternError, first_of, path_pattern
from sec_ops.model.folding import fold
from sec_ops.siem.events import Event
from sec_ops.siem.parse.loading import load_understanding
from sec_ops.siem.understanding import Understand
from tests.content.expressions import SAME
from tests.content.parser_samples import SAMPLES, library, understand
from tests.unit.siem.parse.support import events, origin


@contextmanager
def without_re2() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns, "re2", None)
        patterns._compiled.cache_clear()
        yield
    patterns._compiled.cache_clear()


def test_groups_of_text_that_is_not_ascii() -> None:
    assert Pattern(r"用户 (?P<user>\S+) (?P<why>.*)?").names("x 用户 王芳 登录失败 \udc80") == {
        "user": "王芳",
        "why": "登录失败 \\udc80",
    }
    assert Pattern(r"a(?P<b>b)?").names("a") == {}
    assert Pattern(r"a(b)?").first("abc") == "b"
    assert Pattern("b").first("ab") is None
    assert (Pattern("b").begins("ab"), Pattern("b").found_in("ab")) == (False, True)


@pytest.mark.parametrize("source", ["(", "(?<=x)", r"(a)\1"])
def test_what_re2_does_not_take(source: str) -> None:
    with pytest.raises(PatternError, match=r".+"):
        Pattern(source)
    with pytest.raises(PatternError, match=r".+"):
        first_of([source], "anywhere")


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("**/nginx/access.log*", "/var/log/nginx/access.log.1", True),
        ("**/nginx/access.log*", "nginx/access.log", True),
        ("**/nginx/access.log*", "/var/log/nginx/x/access.log", False),
        ("**/a?c", "/abc", True),
        ("sshd-*", "sshd-session", True),
        ("sshd", "sshd2", False),
        ("cron", "/usr/cron", False),
    ],
)
def test_paths(glob: str, path: str, fits: bool) -> None:
    assert path_pattern(glob).begins(path) is fits


@pytest.mark.parametrize("where", ["anywhere", "beginning"])
def test_first_of_several(where: str) -> None:
    found = first_of(["b", "a", "ab"], where)
    assert list(found("ab")) == ([0, 1, 2] if where == "anywhere" else [1, 2])
    assert list(found("x")) == []
    assert list(first_of([], where)("x")) == []


def read_samples(understanding: Understand) -> list[list[Event]]:
    return [
        events(
            understanding,
            sample.read_bytes().split(b"\n"),
            origin(parser=sample.parent.parent.name, path=f"/{sample.name}"),
        )
        for sample in SAMPLES
    ]


def test_samples_are_read_the_same_without_re2() -> None:
    guarded = read_samples(understand())
    with without_re2():
        assert read_samples(load_understanding(library())) == guarded


@pytest.mark.parametrize(("source", "text", "found"), SAME)
def test_signs_mean_the_same_without_re2(source: str, text: str, found: bool) -> None:
    assert Pattern(source).found_in(text) is found
    with without_re2():
        assert Pattern(source).found_in(text) is found


SPELLED = st.text(
    alphabet=["k", "K", "\u212a", "i", "I", "\u0130", "é", "É", "ſ", "s", "字", "Σ", "σ", "ς", ".", "\\", "\n"]
)


@given(st.lists(SPELLED, max_size=3), st.lists(SPELLED, max_size=4), st.booleans())
def test_bytes_hold_a_text_when_a_value_among_them_does(literals: list[str], values: list[str], with_re2: bool) -> None:
    wanted = [fold(each) for each in literals if each]
    data = b"".join(len(value).to_bytes(4, "little") + value.encode() for value in values)
    with nullcontext() if with_re2 else without_re2():
        holds = patterns.holder_of(wanted)(data)
    assert holds or not any(each in fold(value) for each in wanted for value in values)


def test_bytes_hold_nothing_else() -> None:
    for prepare in (nullcontext, without_re2):
        with prepare():
            assert not patterns.holder_of([])(b"anything")
            assert not patterns.holder_of(["mimikatz", "a.c", "登录"])("MimiKat abc 登陆 È".encode())
            assert patterns.holder_of(["mimikatz", "é"])("MIMI\u212aATZ".encode())
            assert patterns.holder_of(["é"])("\x07\x00É".encode())
