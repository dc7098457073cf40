"""What becomes of a case: by what was found, by whether the ways agree, by whether it has events at all."""

import pytest

from sec_ops.detection.cases.judging import Found, Way, judge
from sec_ops.detection.cases.subjects import Subject
from sec_ops.detection.events import Occurrence
from sec_ops.detection.rule import Aggregate, All, Correlation, Header, Level, LogSource, Rule
from sec_ops.model.detection_case import DetectionCase

HEADER = Header(id="1", name="", title={"en": "x"}, level=Level.LOW)
RULE = Rule(header=HEADER, source=LogSource(), condition=All(()))
CORRELATION = Correlation(header=HEADER, aggregate=Aggregate.EVENT_COUNT, rules=(), span_s=60)
EVENTS = [Occurrence(event={"a": place}, shape="ecs", record=str(place), time_us=place) for place in range(3)]


def case(expect: str) -> DetectionCase:
    return DetectionCase.model_validate({"about": "x", "expect": expect, "events": [{"a": 1}]})


def subject(rule: Rule | Correlation) -> Subject:
    return Subject(rule=rule, rules=(), correlations=())


def finding(*places: int, told: int = 0) -> Way:
    return lambda _subject, _events: Found(events=frozenset(places), told=told)


@pytest.mark.parametrize(
    ("expect", "places", "passed"),
    [
        ("match", (0, 1, 2), True),
        ("match", (0, 1), False),
        ("match", (), False),
        ("none", (), True),
        ("none", (2,), False),
    ],
)
def test_a_rule_finds_each_event_or_none(expect: str, places: tuple[int, ...], passed: bool) -> None:
    done = judge(subject(RULE), case(expect), EVENTS, {"one": finding(*places), "other": finding(*places)})
    assert (done.passed, done.events) == (passed, 3)


@pytest.mark.parametrize(("expect", "told", "passed"), [("match", 1, True), ("match", 0, False), ("none", 2, False)])
def test_a_correlation_fires_or_does_not(expect: str, told: int, passed: bool) -> None:
    ways = {"one": finding(0, told=told), "other": finding(0, told=told)}
    assert judge(subject(CORRELATION), case(expect), EVENTS, ways).passed is passed


def test_what_was_not_found_is_named() -> None:
    done = judge(subject(RULE), case("match"), EVENTS, {"one": finding(1)})
    assert str(done.reason) == "not found: event 1, 3 of 3"


def test_ways_that_differ_fail_whatever_was_expected() -> None:
    done = judge(subject(RULE), case("none"), EVENTS, {"one": finding(), "other": finding(2)})
    assert "disagree" in str(done.reason)


def test_a_case_without_events_proves_nothing() -> None:
    assert not judge(subject(RULE), case("none"), [], {"one": finding()}).passed
