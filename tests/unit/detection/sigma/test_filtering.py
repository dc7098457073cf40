"""Filters become part of the rules they are for."""

from datetime import UTC

import pytest

from sec_ops.detection.naive import finds
from sec_ops.detection.rule import Rule
from sec_ops.detection.sigma.reading import RuleText, read_rules
from tests.unit.detection.support import read, reasons

RULE = """
title: Rule
id: 11111111-1111-4111-8111-111111111111
name: the_rule
logsource: {product: windows, category: process_creation}
detection: {s: {a: 1}, t: {b: 1}, condition: [s, t]}
"""


def text(filter_: str, source: str = "{product: windows}") -> str:
    return f"title: Exception\nlogsource: {source}\nfilter: {filter_}\n"


def one(*texts: str) -> Rule:
    found = read(*texts)
    assert not found.refused
    return found.rules[0]


@pytest.mark.parametrize(
    "rules", ["any", "ANY", "the_rule", "[the_rule]", "[other, 11111111-1111-4111-8111-111111111111]", "[]"]
)
@pytest.mark.parametrize("source", ["{product: windows}", "{category: process_creation}"])
def test_a_filter_is_for_the_rules_it_names(rules: str, source: str) -> None:
    rule = one(text(f"{{rules: {rules}, u: {{user: bot}}, condition: not u}}", source), RULE)
    assert finds(rule.condition, {"a": 1}, UTC)
    assert finds(rule.condition, {"b": 1, "user": "ann"}, UTC)
    assert not finds(rule.condition, {"a": 1, "user": "bot"}, UTC)
    assert not finds(rule.condition, {"b": 1, "user": "BOT"}, UTC)


@pytest.mark.parametrize(
    ("rules", "source"),
    [("[other]", "{product: windows}"), ("any", "{product: linux}"), ("any", "{product: windows, service: sysmon}")],
)
def test_other_rules_stay_as_they_are(rules: str, source: str) -> None:
    assert one(RULE, text(f"{{rules: {rules}, u: {{user: bot}}, condition: not u}}", source)) == one(RULE)


def test_names_of_a_filter_and_its_rule_do_not_meet() -> None:
    rule = one(RULE, text("{rules: any, s: {user: bot}, t_x: {c: 1}, condition: not 1 of them}"))
    assert finds(rule.condition, {"a": 1}, UTC)
    assert not finds(rule.condition, {"a": 1, "c": 1}, UTC)


def test_several_filters_all_count() -> None:
    rule = one(
        RULE,
        text("{rules: any, s: {user: bot}, condition: not s}"),
        text("{rules: any, s: {host: lab}, condition: not s}"),
    )
    assert finds(rule.condition, {"a": 1, "user": "ann", "host": "pc"}, UTC)
    assert not finds(rule.condition, {"a": 1, "user": "ann", "host": "lab"}, UTC)
    assert not finds(rule.condition, {"a": 1, "user": "bot", "host": "pc"}, UTC)


@pytest.mark.parametrize("key", ["filter", "'filter'", "? filter\n"])
def test_a_release_brings_no_filter_however_it_is_written(key: str) -> None:
    silencing = f"title: x\nlogsource: {{product: windows}}\n{key}: {{rules: any, s: {{a: 1}}, condition: not s}}\n"
    texts = [
        RuleText(path=f"{layer}.yml", data=data.encode(), layer=layer)
        for layer, data in (("shipped", RULE), ("imported", silencing))
    ]
    found = read_rules(texts, {})
    assert finds(found.rules[0].condition, {"a": 1}, UTC)
    assert "could silence any rule" in reasons(found)[0]


@pytest.mark.parametrize(
    ("filter_", "reason"),
    [
        ("{s: {a: 1}, condition: not s}", "a filter has “rules”"),
        ("{rules: [5], s: {a: 1}, condition: not s}", "a filter has “rules”"),
        ("{rules: any, s: {a: 1}}", "a rule has a condition"),
        ("{rules: any, s: {a: 1}, condition: not t}", "there is no selection t"),
        ("[x]", "a filter has “rules”"),
    ],
)
def test_a_broken_filter_is_refused_and_the_rules_run(filter_: str, reason: str) -> None:
    found = read(RULE, text(filter_))
    assert len(found.rules) == 1
    assert reason in reasons(found)[0]
