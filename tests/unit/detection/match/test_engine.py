"""The fast engine gives the answers of the naive evaluator, whatever rules and events come, in whatever order."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection.match import varied
from sec_ops.detection.match.engine import Engine
from sec_ops.detection.match.memo import LONG_VALUE, TEST_COST
from sec_ops.detection.match.nodes import Node, Outcome
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import ANY_MANY, KEYWORD, All, AnyOf, Expression, Glob, Not, Number, Regex, Test
from tests.strategies.detection import events, expressions

ZONE = ZoneInfo("Asia/Shanghai")


def engine(*rules: Expression) -> Engine:
    return Engine(enumerate(rules), ZONE)


def naive(rules: list[Expression], event: dict[str, Any]) -> tuple[int, ...]:
    return tuple(place for place, rule in enumerate(rules) if finds(rule, event, ZONE))


@settings(max_examples=600)
@given(st.lists(expressions, min_size=1, max_size=6), st.lists(events, min_size=1, max_size=6))
def test_it_answers_as_the_naive_evaluator(rules: list[Expression], seen: list[dict[str, Any]]) -> None:
    one = engine(*rules)
    for event in [*seen, *seen]:
        assert one.found(event).rules == naive(rules, event)


@given(st.lists(expressions, min_size=1, max_size=4), st.lists(events, min_size=2, max_size=5))
def test_what_is_forgotten_is_never_wrong(rules: list[Expression], seen: list[dict[str, Any]]) -> None:
    one = engine(*rules)
    for event in seen:
        one._state.budget.room = 400
        assert one.found(event).rules == naive(rules, event)


def contains(field: str, text: str) -> Test:
    return Test(field, Glob((ANY_MANY, text, ANY_MANY)))


def test_booleans_and_numbers_are_never_taken_for_each_other() -> None:
    one = engine(Test("x", Number(1)), Test("x", Glob(("true",))), Test("x", Number(0)), Test("x", Glob(("false",))))
    for value, expected in ((1, (0,)), (True, (1,)), (1.0, (0,)), (False, (3,)), (0, (2,)), (True, (1,)), (1, (0,))):
        assert one.found({"x": value}).rules == expected


def test_a_value_of_a_megabyte_is_judged_and_not_kept() -> None:
    one = engine(contains("x", "needle in it"), Test("x", Regex("nee+dle in")))
    large = "hay " * 250_000 + "Needle in it"
    assert one.found({"x": large}).rules == (0,)
    assert large not in one._state.memo("x")
    assert len(large) > LONG_VALUE


def test_thousands_of_names_are_no_plan() -> None:
    one = engine(All((contains("x", "cmd"), Not(Test("y4999", Glob(("1",)))))))
    event = {"x": "cmd.exe", **{f"y{number}": "1" for number in range(4_999)}}
    assert one.plan(tuple(event)) is None
    assert one.found(event).rules == (0,)
    assert one.found({**event, "y4999": "1"}).rules == ()


def test_values_that_never_come_twice_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = engine(contains(KEYWORD, "mimikatz"))
    looked_at: list[str] = []

    def skeleton(text: str, made: Callable[[str], bytes] = varied._skeleton) -> bytes:
        looked_at.append(text)
        return made(text)

    monkeypatch.setattr(varied, "_skeleton", skeleton)
    memo = one._state.keyword_memo("t")
    values = [f"2026-11-26T{number:05}Z" for number in range(5_000)]
    assert [memo[value] for value in values] == [0] * 5_000
    assert looked_at == values
    assert one._kinds == {"t": varied.Kind.VARIED}


def test_only_fields_that_are_needed_are_fetched() -> None:
    one = engine(
        *(
            All((Test("EventID", Number(10)), contains("Image", f"program{number}"), Not(contains("Trace", "good"))))
            for number in range(30)
        )
    )
    first = one.plan(("EventID", "Image", "Trace"))
    assert isinstance(first, Node)
    second = first[(one._state.memo("EventID")[10],) * 2]
    assert isinstance(second, Node)
    assert set(second.fields) == {"Image"}
    other = first[(one._state.memo("EventID")[11],) * 2]
    assert isinstance(other, Outcome)


def test_alternatives_of_a_rule_are_one_rule() -> None:
    one = engine(AnyOf((contains("x", "cmd"), contains("y", "cmd"))))
    assert one.found({"x": "cmd", "y": "cmd"}).rules == (0,)


def test_searches_that_take_too_long_are_counted() -> None:
    one = engine(Test("x", Regex("(?!x)(a|a)+$")))
    one.found({"x": "a" * 40 + "!"})
    assert one.given_up == 1


def test_what_passes_many_tests_costs_what_it_takes_to_remember() -> None:
    literals = [f"word{number:04}" for number in range(2_000)]
    one = engine(*(contains("x", literal) for literal in literals))
    first = one._state
    text = "".join(literals)
    for number in range(20):
        first.budget.room = min(first.budget.room, 5 * (len(text) + TEST_COST * len(literals)))
        assert len(one.found({"x": text[8 * number :]}).rules) == 2_000 - number
    assert one._state is not first
