"""Rules as searches: no event that a rule finds is missed, and an answer that is called exact is."""

import re
from datetime import UTC
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sec_ops.detection.naive import finds
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
    Order,
    Reference,
    Regex,
    Selection,
    Test,
    TimePart,
    Truth,
)
from sec_ops.model.errors import UsageError
from sec_ops.siem.elastic.compiling import compile_query
from sec_ops.siem.query import tree
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.workflows.pushed_queries import cheaper, dear, loosened, pushed, size
from tests.strategies.search import KEYWORDS, TYPES, corpus, events

NAMES = st.sampled_from([*KEYWORDS, *TYPES.types, "missing"])
TEXTS = st.sampled_from(
    sorted({str(value) for event in corpus() for value in event.values() if isinstance(value, str)})
) | st.sampled_from(["root", "ROOT", "443", "0443", "-1", "true", "TRUE", "1.0", "10.0.0.1", "::ffff:10.0.0.1", ""])


@st.composite
def globs(draw: st.DrawFn) -> Glob:
    text = draw(TEXTS)
    parts: list[Any] = [text] if text else []
    if len(text) > 2 and draw(st.booleans()):
        at = draw(st.integers(1, len(text) - 1))
        parts = [text[:at], draw(st.sampled_from([ANY_MANY, ANY_ONE])), text[at:]]
    if draw(st.booleans()):
        parts.insert(0, ANY_MANY)
    if draw(st.booleans()):
        parts.append(ANY_MANY)
    return Glob(tuple(parts), cased=draw(st.booleans()))


NUMBERS = st.sampled_from([0, 1, 22, 443, 443.0, 0.5, -1.5, 2**63 - 1, 2**64, 1e300, 65535, float("inf"), 10**400])
OPERANDS = st.one_of(
    globs(),
    globs(),
    st.builds(Number, NUMBERS),
    st.builds(Compare, st.sampled_from(Order), NUMBERS),
    st.builds(Truth, st.booleans()),
    st.builds(Network, st.sampled_from(["10.0.0.0/8", "192.0.2.7/32", "::/0", "::ffff:0:0/96", "2001:db8::/32"])),
    st.just(Null()),
    st.builds(Exists, st.booleans()),
    st.builds(Regex, TEXTS.map(re.escape)),
    st.builds(Reference, NAMES, st.sampled_from(["equals", "startswith", "endswith", "contains"])),
    st.builds(TimePart, st.sampled_from(["hour", "day"]), st.integers(0, 3)),
)
TESTS = st.builds(Test, NAMES | st.just(KEYWORD), OPERANDS)
EXPRESSIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Selection, st.just("s"), inner),
    ),
    max_leaves=6,
)


def can(query: tree.Query) -> bool:
    try:
        compile_query(query, TYPES)
    except UsageError:
        return False
    return True


@settings(max_examples=250, deadline=None)
@given(expression=EXPRESSIONS, event=events())
def test_no_event_is_missed_and_exact_is_exact(expression: Expression, event: dict[str, Any]) -> None:
    found = pushed(expression, TYPES, can)
    truth = finds(expression, event, UTC)
    assert evaluate(found.over, event, TYPES) or not truth
    assert truth or not evaluate(found.under, event, TYPES)
    compile_query(found.over, TYPES)
    compile_query(found.under, TYPES)


@settings(max_examples=200, deadline=None)
@given(test=TESTS)
def test_single_tests_over_the_whole_corpus(test: Test) -> None:
    found = pushed(test, TYPES)
    for event in corpus():
        truth = finds(test, event, UTC)
        assert evaluate(found.over, event, TYPES) or not truth
        assert truth or not evaluate(found.under, event, TYPES)


def contains(field: str, text: str) -> Test:
    return Test(field, Glob((ANY_MANY, text, ANY_MANY)))


@pytest.mark.parametrize(
    "test",
    [
        Test("user.name", Glob(("root",))),
        contains("user.name", "oo"),
        contains("message", "union select"),
        Test("source.port", Number(22)),
        Test("source.port", Glob(("22",))),
        Test("source.port", Compare(Order.AT_LEAST, 1024)),
        Test("source.ip", Network("10.0.0.0/8")),
        Not(contains("message", "health check")),
        All((Test("user.name", Glob(("root",))), Not(Test("user.name", Null())))),
    ],
)
def test_what_rules_mostly_ask_is_answered_exactly(test: Expression) -> None:
    found = pushed(test, TYPES, can)
    assert found.exact
    assert found.over != tree.Everything()


@given(expression=EXPRESSIONS, event=events(), most=st.integers(0, 4))
@example(expression=Not(AnyOf((contains("message", "a"), contains("message", "b")))), event={}, most=1)
@settings(deadline=None)
def test_a_loosened_search_misses_nothing(expression: Expression, event: dict[str, Any], most: int) -> None:
    query = pushed(expression, TYPES).over
    wanted = evaluate(query, event, TYPES)
    assert evaluate(loosened(query, most), event, TYPES) or not wanted
    assert evaluate(cheaper(query, TYPES), event, TYPES) or not wanted
    assert dear(cheaper(query, TYPES), TYPES) == 0


def test_a_long_list_is_loosened_to_its_field() -> None:
    hashes = AnyOf(tuple(Test("user.name", Glob((f"{number:064x}",))) for number in range(3_000)))
    query = loosened(pushed(All((hashes, Test("source.port", Number(22)))), TYPES).over, 500)
    assert query == tree.And((tree.Exists("user.name"), tree.Match("source.port", ("22",))))
    assert size(query) == 2
