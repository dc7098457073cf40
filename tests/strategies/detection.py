"""Expressions and events that meet each other often: few names, few pieces of text, every kind of value and operand."""

from typing import Any

from hypothesis import strategies as st

from sec_ops.detection.rule import (
    ANY_MANY,
    ANY_ONE,
    KEYWORD,
    All,
    AnyOf,
    Compare,
    Exists,
    Expression,
    Glob,
    Network,
    Not,
    Null,
    Number,
    Operand,
    Order,
    Reference,
    Regex,
    Selection,
    Test,
    TimePart,
    Truth,
)

FIELDS = ("Image", "EventID", "a b", "用户", "x.y", "t")
PIECES = ("a", "B", "\\", "cmd.exe", "CMD.EXE", "powershell", "登录", "İ", "ſ", "Σ", "*", "?", " ", "", "1", "true")
LONGER = ("\\system32\\cmd.exe", "-EncodedCommand", "invoke-expression", "学生成绩导出.csv", "aaaaaaaaaaaaaaa")
TIMES = ("2026-11-26T08:30:00Z", "2026-11-26T23:59:59.123456+08:00", "2026-11-26 02:00:00", 1795658400583000)
ADDRESSES = ("192.0.2.7", "2001:db8::7", "::ffff:192.0.2.9", "198.51.100.1%eth0")

texts = st.lists(st.sampled_from((*PIECES, *LONGER)), min_size=0, max_size=4).map("".join)
scalars: st.SearchStrategy[Any] = st.one_of(
    texts,
    st.sampled_from((*TIMES, *ADDRESSES)),
    st.sampled_from((True, False, 0, 1, 0.0, 1.0, -0.0, 2, 2.0, 4624, "0", "1", "2", "4624", 1.5, "1.5", 10**20, 1e20)),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-3, 5),
)
values = st.recursive(st.none() | scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
events = st.dictionaries(st.sampled_from((*FIELDS, "other", "用戶", "")), values, max_size=6)

parts = st.lists(
    st.one_of(st.sampled_from((*PIECES, *LONGER)).filter(bool), st.sampled_from((ANY_MANY, ANY_ONE))), max_size=4
)


def _joined(pieces: list[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return tuple(found) or ("",)


globs = st.builds(Glob, parts.map(_joined), st.booleans())
operands: st.SearchStrategy[Operand] = st.one_of(
    globs,
    globs,
    st.sampled_from(
        (Regex("c[md]+\\.exe", "i"), Regex("^a"), Regex("a.b", "s"), Regex("(?<=a)b"), Regex("登|录"), Regex("b$", "m"))
    ),
    st.sampled_from((Network("192.0.2.0/24"), Network("2001:db8::/32"))),
    st.builds(Number, st.sampled_from((0, 1, 2, 4624, 1.5, 10**20))),
    st.builds(Truth, st.booleans()),
    st.builds(Compare, st.sampled_from(list(Order)), st.sampled_from((0, 1, 1.5, 4624))),
    st.just(Null()),
    st.builds(Exists, st.booleans()),
    st.builds(Reference, st.sampled_from(FIELDS), st.sampled_from(("equals", "startswith", "endswith", "contains"))),
    st.builds(TimePart, st.sampled_from(("hour", "day", "week")), st.sampled_from((2, 8, 16, 26, 48))),
)
tests = st.one_of(
    st.builds(Test, st.sampled_from(FIELDS), operands), st.builds(Test, st.just(KEYWORD), globs | st.just(Regex("cmd")))
)
expressions: st.SearchStrategy[Expression] = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Selection, st.just("selection"), inner),
    ),
    max_leaves=8,
)
