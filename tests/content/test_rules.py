"""Every detection rule of ours is whole, and finds in its cases what it should.

For authors: `sec-ops detect test RULE`, or `.venv/bin/python -m pytest tests/content/test_rules.py -k <rule> -q`.
"""

from functools import cache

import pytest

from sec_ops.content.library import Library
from sec_ops.workflows.rule_cases import OwnRules, RuleTested


@cache
def own() -> OwnRules:
    return OwnRules(Library.open(None))


@cache
def results() -> dict[str, RuleTested]:
    return {each.rule.header.path: each for each in own().tested(own().subjects)}


PATHS = [each.rule.header.path for each in own().subjects]
every_rule = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.removeprefix("rules/detection/"))


def test_all_rules_can_be_read() -> None:
    assert [f"{each.path}: {each.reason}" for each in own().rules.refused] == []
    assert len(PATHS) >= 85


@every_rule
def test_cases_come_to_what_they_expect(path: str) -> None:
    each = results()[path]
    assert each.cases, "the rule has no cases"
    assert [str(fault.message) for fault in each.faults] == []
    assert [f"{failed.case.about}: {failed.reason}" for failed in each.failed] == []


def test_ids_are_unique() -> None:
    ids = [each.header.id for each in own().rules.rules] + [each.header.id for each in own().rules.correlations]
    assert len(ids) == len(set(ids))
