"""Every detection rule of ours is whole, and finds in its cases what it should.

For authors: `sec-ops detect test RULE`, or `.venv/bin/python -m pytest tests/content/test_rules.py -k <rule> -q`.
"""

import re
from functools import cache
from ipaddress import ip_address, ip_network

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


_ADDRESS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_MADE_UP = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8", "127.0.0.0/8")))


@every_rule
def test_addresses_of_cases_are_nobodys(path: str) -> None:
    subject = next(each for each in own().subjects if each.rule.header.path == path)
    text = own().cases_file(subject.rule).read_text(encoding="utf-8").replace("{n}", "1").replace("{nn}", "1")
    found = set(_ADDRESS.findall(text))
    assert [each for each in sorted(found) if not any(ip_address(each) in network for network in _MADE_UP)] == []


def test_titles_are_told_apart() -> None:
    for language in ("en", "zh"):
        titles = [each.rule.header.title[language] for each in own().subjects]
        assert sorted({title for title in titles if titles.count(title) > 1}) == []
