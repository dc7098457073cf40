"""Which rules are judged and which alert: levels, and rules that correlations look at."""

import pytest

from sec_ops.detection.rule import Level
from sec_ops.detection.run.choosing import choose
from tests.unit.detection.support import read

BASE = """\
title: {name}
id: 00000000-0000-0000-0000-00000000000{number}
name: {name}
level: {level}
logsource: {{product: test}}
detection: {{a: {{x: 1}}, condition: a}}
"""
OVER = """\
title: over
id: 00000000-0000-0000-0000-0000000000ff
level: {level}
correlation: {{type: event_count, rules: [{rule}], timespan: 1h, condition: {{gte: 2}}, generate: {generate}}}
"""


@pytest.mark.parametrize(
    ("level", "over", "generate", "judged", "alerting"),
    [
        (Level.INFORMATIONAL, "high", "false", {"one", "two"}, {"two", "over"}),
        (Level.INFORMATIONAL, "high", "true", {"one", "two"}, {"one", "two", "over"}),
        (Level.HIGH, "high", "false", {"one", "two"}, {"two", "over"}),
        (Level.HIGH, "high", "true", {"one", "two"}, {"two", "over"}),
        (Level.HIGH, "medium", "false", {"two"}, {"two"}),
        (Level.CRITICAL, "high", "false", set(), set()),
    ],
)
def test_levels_and_correlations(level: Level, over: str, generate: str, judged: set[str], alerting: set[str]):
    found = read(
        BASE.format(number=1, name="one", level="low"),
        BASE.format(number=2, name="two", level="high"),
        OVER.format(level=over, rule="one", generate=generate),
    )
    assert not found.refused
    chosen = choose(found.rules, found.correlations, level)
    names = {each.header.id: each.header.title["en"] for each in found.rules}
    names |= {each.header.id: each.header.title["en"] for each in found.correlations}
    assert {rule.header.name for rule in chosen.rules} == judged
    assert {names[each] for each in chosen.alerting} == alerting


def test_chains_of_correlations_are_followed_down():
    found = read(
        BASE.format(number=1, name="one", level="low"),
        OVER.format(level="low", rule="one", generate="false").replace("title: over", "title: over\nname: over"),
        OVER.format(level="high", rule="over", generate="false")
        .replace("ff", "fe")
        .replace("title: over", "title: top"),
    )
    assert not found.refused
    chosen = choose(found.rules, found.correlations, Level.HIGH)
    assert len(chosen.rules) == 1
    assert len(chosen.correlations) == 2
    assert chosen.alerting == {"00000000-0000-0000-0000-0000000000fe"}


def test_a_rule_that_says_how_its_alerts_are_told_apart_alerts_beside_a_correlation():
    found = read(
        BASE.format(number=1, name="one", level="low") + "sec_ops: {alert: {by: [x]}}\n",
        OVER.format(level="high", rule="one", generate="false"),
    )
    assert not found.refused
    assert len(choose(found.rules, found.correlations, Level.LOW).alerting) == 2
