"""A site's own rules: their cases go through parsers and engines, lint asks that they are whole."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from sec_ops.content.library import Library
from sec_ops.content.shipped import shipped_root
from sec_ops.detection.cases.judging import Judgement
from sec_ops.detection.library.documents import Source
from sec_ops.model.errors import Fault
from sec_ops.workflows.rule_cases import OwnRules, RuleTested
from sec_ops.workflows.rule_lint import RULES

RULE = """title: Root from elsewhere
id: 6f0d1c0e-51c1-4b7e-9d8e-0c6f6f1f0a01
status: experimental
description: Root was let in from elsewhere.
level: high
tags: [attack.initial-access, attack.t1078.003]
logsource: {product: linux, service: sshd}
detection:
  selection: {event.action: ssh_login, event.outcome: success, user.name: root}
  known: {'source.ip|expand': '%known%'}
  condition: selection and not known
falsepositives: [none known]
sec_ops:
  title: {zh: root 从别处登录}
  description: {zh: root 从别处登录成功。}
  falsepositives: {zh: [暂无]}
  runbook: account_compromise
  alert: {by: [host.name]}
"""
LINE = "2026-11-26T08:00:00+08:00 h sshd[1]: Accepted password for root from {address} port 40022 ssh2"
CASES = """placeholders: {known: ["192.0.2.*"]}
cases:
  - about: from elsewhere
    expect: match
    logs: [{path: /var/log/auth.log, repeat: 2, lines: "%s"}]
  - about: from where it may
    expect: none
    logs: [{path: /var/log/auth.log, repeat: 2, lines: "%s"}]
""" % (LINE.format(address="203.0.113.{n}"), LINE.format(address="192.0.2.{n}"))  # noqa: UP031 - braces are the text's


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site beside shipped content that has parsers, shapes and pipelines, but no rules of its own to wait for."""
    shipped = tmp_path / "shipped/rules"
    shipped.mkdir(parents=True)
    for name in ("parsers", "fields", "shapes", "pipelines"):
        (shipped / name).symlink_to(shipped_root() / "rules" / name)
    write(tmp_path / "site", RULE, CASES)
    return tmp_path / "site"


def content(site: Path) -> Library:
    return Library.open(site, shipped=site.parent / "shipped")


def write(site: Path, rule: str = RULE, cases: str = CASES) -> None:
    folder = site / "rules/detection/local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.yml").write_text(rule)
    (folder / "root.cases.yml").write_text(cases)
    place(site, "198.51.100.*")


def place(site: Path, known: str) -> None:
    values = f"placeholders: [{{id: known, title: {{zh: 已知, en: known}}, values: ['{known}']}}]\n"
    (site / "rules/detection/placeholders.yml").write_text(values)


def result_of(site: Path) -> RuleTested:
    own = OwnRules(content(site))
    subjects = [each for each in own.subjects if own.source_of(each.rule) is Source.SITE]
    (found,) = own.tested(subjects)
    return found


def reasons(judgements: Iterable[Judgement]) -> list[str]:
    return [str(each.reason) for each in judgements]


def faults(site: Path) -> list[Fault]:
    library = content(site)
    return [fault for rule in RULES for fault in rule(library) if str(site) in fault.file]


def test_cases_of_a_site_pass_whatever_its_placeholders_are(site: Path) -> None:
    place(site, "203.0.113.*")
    found = result_of(site)
    assert [(each.passed, each.events) for each in found.judgements] == [(True, 2), (True, 2)]
    assert faults(site) == []


def test_a_rule_that_finds_too_much_fails(site: Path) -> None:
    write(site, RULE.replace("selection and not known", "selection"))
    assert reasons(result_of(site).failed) == ["found, expected not to: event 1, 2 of 2"]


def test_lines_that_no_parser_understands_fail(site: Path) -> None:
    write(site, cases=CASES.replace("2026-11-26T08:00:00+08:00 h sshd[1]:", "something else:"))
    assert all(reason.startswith("no parser understands: something else") for reason in reasons(result_of(site).failed))
    assert len(result_of(site).failed) == 2


FLAT = "{Channel: Security, EventID: %d, Provider_Name: Microsoft-Windows-Security-Auditing, TargetUserName: root}"


def test_events_come_in_any_shape_that_is_known(site: Path) -> None:
    rule = RULE.replace("product: linux, service: sshd", "product: windows, service: security")
    rule = rule.replace("{event.action: ssh_login, event.outcome: success, user.name: root}", "{EventID: 4720}")
    cases = "cases:\n" + "".join(
        f"  - {{about: '{expect}', expect: {expect}, events: [{FLAT % number}]}}\n"
        for expect, number in (("match", 4720), ("none", 4722))
    )
    write(site, rule.replace("source.ip|expand", "IpAddress|expand"), cases)
    assert [each.passed for each in result_of(site).judgements] == [True, True]
    write(site, rule, "cases: [{about: x, expect: none, events: [{a: 1}]}]")
    assert reasons(result_of(site).failed) == ["event 1 has no shape that is known"]


def test_a_case_file_that_is_none_is_told(site: Path) -> None:
    write(site, cases="cases: [{about: x}]")
    assert result_of(site).faults
    assert faults(site)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("level: high\n", "", "level"),
        ("runbook: account_compromise", "runbook: account_compromised", "runbook"),
        ("title: {zh: root 从别处登录}\n  ", "", "title"),
        ("service: sshd", "service: nosuch", "logsource"),
        ("user.name: root", "user.nmae: root", "user.nmae"),
        ("selection and not known", "selection and nothing", "Root from elsewhere"),
    ],
)
def test_lint_refuses_what_is_not_whole(site: Path, old: str, new: str, told: str) -> None:
    assert old in RULE
    write(site, RULE.replace(old, new))
    found = [fault for rule in RULES for fault in rule(content(site)) if "local/root" in fault.file]
    assert any(told in fault.path for fault in found), found


def test_lint_refuses_a_rule_with_too_few_cases(site: Path) -> None:
    write(site, cases=CASES.replace("repeat: 2", "repeat: 1"))
    assert len(faults(site)) == 2
    (site / "rules/detection/local/root.cases.yml").unlink()
    assert [str(fault.message) for fault in faults(site)] == ["the rule has no cases"]


def test_lint_tells_of_cases_without_a_rule(site: Path) -> None:
    (site / "rules/detection/local/root.yml").unlink()
    assert [str(fault.message) for fault in faults(site)] == ["there is no rule beside these cases"]


def test_imported_rules_are_not_asked(site: Path) -> None:
    folder = site / "rules/detection/imported/sigma"
    folder.mkdir(parents=True)
    (folder / "other.yml").write_text("title: x\nlogsource: {product: linux}\ndetection: {s: {a: 1}, condition: s}\n")
    assert faults(site) == []


def test_shipped_content_is_whole() -> None:
    library = Library.open(None)
    assert [f"{fault.place}: {fault.message}" for rule in RULES for fault in rule(library)] == []
    assert (shipped_root() / "rules/detection").is_dir()
