"""An expression that takes too long over the values of a run is set aside, and its rules are named."""

from collections.abc import Iterator
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from sec_ops.content.library import Library
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.detection.match import patience
from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.match.patience import CREDIT_S, FREE_S, MEASURED, Patience
from sec_ops.detection.rule import Header, Level, LogSource, Not, Regex, Rule, Test
from sec_ops.detection.searching import DEADLINE_S

CATASTROPHE = Regex("(?!x)(a|a)+$")
ZONE = ZoneInfo("Asia/Shanghai")


def clock(step_s: float) -> Iterator[float]:
    """Yield times of which every second one is later by so much."""
    now_s = 0.0
    for turn in count():
        now_s += step_s * (turn % 2)
        yield now_s


def asked(step_s: float, searches: int, *, characters: int = 1) -> Patience:
    times = clock(step_s)
    one = Patience(Regex("x"), lambda: next(times), lambda: next(times))
    for _ in range(searches):
        one.found_in("x" * characters)
    return one


def test_what_is_quick_enough_on_average_is_never_set_aside() -> None:
    assert not asked(FREE_S, 100_000).set_aside


def test_what_is_slow_has_a_credit() -> None:
    searches = round(CREDIT_S / 0.019)
    assert not asked(0.02, searches).set_aside
    assert asked(0.02, searches + 3).set_aside


def test_a_machine_busy_with_others_costs_no_credit() -> None:
    wall = clock(1.0)
    one = Patience(Regex("x"), lambda: 0.0, lambda: next(wall))
    assert [one.found_in("x") for _ in range(1_000)] == [True] * 1_000


def test_cpu_time_is_asked_for_after_a_search_that_looked_slow() -> None:
    asked_for = count()
    wall = iter([0.0, 0.0, 0.0, 1.0])
    one = Patience(Regex("x"), lambda: 0.0 * next(asked_for), lambda: next(wall, 1.0))
    for _ in range(2):
        one.found_in("x")
    assert next(asked_for) == 0
    for _ in range(1_000):
        one.found_in("x")
    assert next(asked_for) == 2 * MEASURED + 1


def test_long_values_may_take_longer() -> None:
    assert not asked(0.05, 200, characters=1_000_000).set_aside


def test_a_search_that_was_given_up_costs_its_deadline_whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Patience(Regex("x"), lambda: 0.0, lambda: 0.0)
    monkeypatch.setattr(one, "_search", GivesUp())
    results = [one.found_in("x") for _ in range(60)]
    assert results == [None] * 60
    assert GivesUp.asked == pytest.approx(CREDIT_S / (DEADLINE_S - FREE_S), abs=2)
    assert one.set_aside


class GivesUp:
    asked = 0

    def found_in(self, _text: str) -> None:
        type(self).asked += 1


def rule(name: str, wanted: Regex, field: str) -> Rule:
    header = Header(id=name, name=name, title={"en": name}, level=Level.LOW)
    return Rule(header=header, source=LogSource("", "windows", ""), condition=Not(Not(Test(field, wanted))))


def test_rules_of_an_expression_that_was_set_aside_are_named_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "CREDIT_S", 2 * DEADLINE_S)
    rules = (rule("slow", CATASTROPHE, "x"), rule("also", CATASTROPHE, "y"), rule("quick", Regex("whoami"), "x"))
    matcher = Matcher(rules, load_shapes(Library.open(None)), ZONE)
    values = ["a" * (40 + length) + "!" for length in range(6)]
    events = [{"EventID": 1, "Channel": "System", "x": value} for value in values]
    assert matcher.set_aside() == ()
    assert [matcher.found(event) for event in events] == [()] * 6
    assert [each.rule.header.id for each in matcher.set_aside()] == ["slow", "also"]
    assert CATASTROPHE.source in str(matcher.set_aside()[0].reason)
    assert matcher.counts.given_up == 6
    assert [each.header.id for each in matcher.found(events[0] | {"x": "whoami"})] == ["quick"]
