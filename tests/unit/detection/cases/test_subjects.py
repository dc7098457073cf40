"""Which rules of a file are tested, and what each is made of."""

from sec_ops.detection.cases.subjects import helpers, subjects
from sec_ops.detection.sigma.reading import RuleSet, RuleText, read_rules

BASE = """
title: {name}
id: 00000000-0000-4000-8000-00000000000{number}
name: {name}
logsource: {{product: linux}}
detection: {{selection: {{a: 1}}, condition: selection}}
"""
OVER = """
title: {name}
id: 00000000-0000-4000-8000-00000000000{number}
name: {name}
correlation:
  type: event_count
  rules: [{rules}]
  group-by: [a]
  timespan: 1m
  condition: {{gte: 2}}
  generate: {generate}
"""


def read(*texts: tuple[str, str]) -> RuleSet:
    found = read_rules([RuleText(path=path, data=text.encode()) for path, text in texts], {})
    assert found.refused == ()
    return found


def names(rules: RuleSet) -> list[str]:
    return [each.rule.header.name for each in subjects(rules)]


def test_a_helper_of_its_file_is_not_tested_by_itself() -> None:
    rules = read(
        ("a.yml", BASE.format(name="base", number=1)),
        ("a.yml#2", OVER.format(name="over", number=2, rules="base", generate="false")),
    )
    assert names(rules) == ["over"]
    (subject,) = subjects(rules)
    assert [each.header.name for each in subject.rules] == ["base"]
    assert len(helpers(rules)) == 1


def test_a_rule_of_another_file_or_one_that_tells_by_itself_is() -> None:
    apart = read(
        ("a.yml", BASE.format(name="base", number=1)),
        ("b.yml", OVER.format(name="over", number=2, rules="base", generate="false")),
    )
    telling = read(
        ("a.yml", BASE.format(name="base", number=1)),
        ("a.yml#2", OVER.format(name="over", number=2, rules="base", generate="true")),
    )
    assert names(apart) == names(telling) == ["base", "over"]


def test_a_chain_has_all_it_is_made_of() -> None:
    rules = read(
        ("a.yml", BASE.format(name="base", number=1)),
        ("b.yml", OVER.format(name="over", number=2, rules="base", generate="false")),
        ("c.yml", OVER.format(name="top", number=3, rules="over", generate="false")),
    )
    top = next(each for each in subjects(rules) if each.rule.header.name == "top")
    assert {each.header.name for each in (*top.rules,)} == {"base"}
    assert {each.header.name for each in top.correlations} == {"over", "top"}
