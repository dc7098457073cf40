"""Correlations as they are written, and their rules found."""

from typing import Any

import pytest

from sec_ops.detection.rule import Aggregate, Order, Together
from tests.unit.detection.support import correlation, read, reasons

ONE = """
title: One
id: 11111111-1111-4111-8111-11111111111A
name: one
logsource: {product: p}
detection: {s: {a: 1}, condition: s}
"""
TWO = ONE.replace("One", "Two").replace("name: one", "name: two").replace("11A", "11b")
IDS = ("11111111-1111-4111-8111-11111111111a", "11111111-1111-4111-8111-11111111111b")


def text(body: str, name: str = "three") -> str:
    return f"title: {name}\nname: {name}\ncorrelation: {{timespan: 5m, {body}}}\n"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "type: event_count, rules: one, group-by: a, condition: {gte: 10}",
            {"aggregate": Aggregate.EVENT_COUNT, "rules": IDS[:1], "group_by": ("a",), "threshold": 10, "span_s": 300},
        ),
        (
            f"type: event_count, rules: [{IDS[0].upper()}, two], condition: {{lt: 3}}, generate: true",
            {"rules": IDS, "order": Order.LESS, "threshold": 3, "generate": True, "group_by": ()},
        ),
        (
            "type: value_count, rules: [one], group-by: [a, b], condition: {gt: 3, field: [c, d]}",
            {"aggregate": Aggregate.VALUE_COUNT, "fields": ("c", "d"), "order": Order.GREATER, "group_by": ("a", "b")},
        ),
        (
            "type: value_sum, rules: [one], condition: {gte: 1.5, field: size}",
            {"aggregate": Aggregate.VALUE_SUM, "fields": ("size",), "threshold": 1.5},
        ),
        (
            "type: value_avg, rules: [one], condition: {neq: 0, field: size}",
            {"aggregate": Aggregate.VALUE_AVERAGE, "order": Order.OTHER},
        ),
        (
            "type: value_median, rules: [one], condition: {eq: '7', field: size}",
            {"aggregate": Aggregate.VALUE_MEDIAN, "order": Order.EQUAL, "threshold": 7},
        ),
        (
            "type: value_percentile, rules: [one], condition: {lte: 7, field: size, percentile: 95}",
            {"aggregate": Aggregate.VALUE_PERCENTILE, "percentile": 95, "order": Order.AT_MOST},
        ),
        (
            "type: temporal, rules: [one, two], group-by: [a], aliases: {a: {one: src, two: dst}}",
            {
                "aggregate": Aggregate.TEMPORAL,
                "threshold": 2,
                "order": Order.AT_LEAST,
                "aliases": {"a": {IDS[0]: "src", IDS[1]: "dst"}},
            },
        ),
        ("type: temporal, rules: [one, two], condition: {gte: 1}", {"threshold": 1}),
        ("type: temporal_ordered, rules: [two, one]", {"aggregate": Aggregate.TEMPORAL_ORDERED, "rules": IDS[::-1]}),
        ("type: temporal, condition: one and two", {"rules": IDS, "threshold": 2}),
        ("type: temporal, rules: [one, two], condition: two and (one)", {"rules": IDS, "alternatives": ()}),
        (
            "type: temporal, condition: one or two",
            {"rules": IDS, "alternatives": (Together(rules=IDS[:1]), Together(rules=IDS[1:]))},
        ),
        (
            "type: temporal_ordered, rules: [two, one], condition: one and not two",
            {"rules": IDS[::-1], "alternatives": (Together(rules=IDS[:1], without=IDS[1:]),)},
        ),
        (
            "type: temporal, condition: one and not (two and not one) or one and two",
            {"alternatives": (Together(rules=IDS[:1]),)},
        ),
    ],
)
def test_every_kind(body: str, wanted: dict[str, Any]) -> None:
    found = correlation(ONE, TWO, text(body))
    assert {name: getattr(found, name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("type: temporal_extended, rules: [one]", "no valid Sigma correlation type"),
        ("type: nothing_known, rules: [one]", "no valid Sigma correlation type"),
        ("rules: [one]", "without type"),
        ("type: event_count, condition: {gte: 1}", "without rule references"),
        ("type: event_count, rules: [one]", "without condition"),
        ("type: event_count, rules: [], condition: {gte: 1}", "names no rules"),
        ("type: event_count, rules: [one], condition: {gte: 1, lt: 5}", "exactly one condition item"),
        ("type: event_count, rules: [one], condition: {gte: many}", "no valid Sigma correlation condition count"),
        ("type: event_count, rules: [one], condition: {gte: true}", "followed by a number"),
        ("type: event_count, rules: [one], condition: {gte: 1, field: a}", "asks about no field"),
        ("type: value_count, rules: [one], condition: {gte: 1}", "without field"),
        ("type: value_sum, rules: [one], condition: {gte: 1, field: [a, b]}", "asks about one field"),
        ("type: value_sum, rules: [one], condition: {gte: 1, field: 5}", "no name of a rule or field"),
        ("type: value_percentile, rules: [one], condition: {gte: 1, field: a}", "needs it"),
        ("type: value_percentile, rules: [one], condition: {gte: 1, field: a, percentile: 100}", "from 1 to 99"),
        ("type: value_sum, rules: [one], condition: {gte: 1, field: a, percentile: 50}", "belongs to value_percentile"),
        ("type: event_count, rules: [missing], condition: {gte: 1}", "the rule missing is not here"),
        ("type: event_count, rules: [one, {}], condition: {gte: 1}", "no name of a rule"),
        ("type: event_count, rules: [one], timespan: soon, condition: {gte: 1}", "stands here a second time"),
        ("type: event_count, rules: [one], condition: {gte: 1}, generate: maybe", "must be a boolean"),
        ("type: event_count, rules: [one], condition: {gte: 1}, colour: red", "unknown key colour"),
        ("type: event_count, rules: [one], condition: {gte: 1}, aliases: {a: b}", "mapping must be a dict"),
        ("type: event_count, rules: [one], condition: {gte: 1}, aliases: {a: {two: b}}", "the rule two is not here"),
        ("type: temporal, rules: [one], condition: one or two", "not defined in rules list"),
        ("type: temporal, condition: one and not one", "never holds"),
        ("type: temporal, condition: not one", "only noticed beside one that finds something"),
        ("type: temporal, condition: one or not two", "only noticed beside one that finds something"),
        (
            f"type: temporal, condition: {' and '.join(f'(a{n} or b{n})' for n in range(7))}",
            "more than 64 alternatives",
        ),
        (f"type: temporal, condition: {'not ' * 2000}one", "more than 4096 characters"),
        (f"type: temporal, condition: {'not ' * 1000}one", "nested too deeply"),
        ("type: event_count, rules: [one], condition: one and two", "only be used with temporal"),
        ("type: event_count, rules: [three], condition: {gte: 1}", "can't be used: "),
    ],
)
def test_what_no_correlation_can_say(body: str, reason: str) -> None:
    found = read(ONE, text(body))
    assert not found.correlations
    assert [reason in each for each in reasons(found)] == [True], reasons(found)


def test_all_faults_of_a_correlation_are_told() -> None:
    (reason,) = reasons(read("title: x\nlevel: odd\ncorrelation: {type: event_count, colour: red}"))
    for fault in ("odd", "colour", "without rule references"):
        assert fault in reason


def test_correlations_look_at_correlations_in_any_order() -> None:
    last = text("type: temporal, rules: [two, first]", "last")
    first = text("type: event_count, rules: one, condition: {gte: 3}", "first")
    found = read(last, first, ONE, TWO)
    assert [each.header.name for each in found.correlations] == ["first", "last"]
    assert found.correlations[1].rules == (IDS[1], found.correlations[0].header.id)


def test_those_that_look_at_each_other_are_refused_and_all_that_need_them() -> None:
    one = text("type: event_count, rules: other, condition: {gte: 3}", "one")
    other = text("type: event_count, rules: one, condition: {gte: 3}", "other")
    third = text("type: event_count, rules: other, condition: {gte: 3}", "third")
    found = read(one, other, third)
    assert not found.correlations
    assert sorted(each.title for each in found.refused) == ["one", "other", "third"]


def test_a_refused_rule_takes_its_correlations_with_it() -> None:
    found = read(
        ONE.replace("condition: s", "condition: t"), text("type: event_count, rules: one, condition: {gte: 3}")
    )
    assert [each.path for each in found.refused] == ["1.yml", "2.yml"]
    assert "or is refused itself" in reasons(found)[1]


def test_a_name_that_several_have_is_no_reference() -> None:
    found = read(ONE, TWO.replace("name: two", "name: one"), text("type: event_count, rules: one, condition: {gte: 3}"))
    assert reasons(found) == ["several rules are called one"]
