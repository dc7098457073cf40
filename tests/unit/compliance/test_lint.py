"""Each rule of the lint on one broken file: where, what, and what was meant."""

from pathlib import Path

import pytest

from sec_ops.compliance.lint import RULES, SOUNDNESS
from sec_ops.content.library import Library
from sec_ops.content.shipped import shipped_root

GOOD = """\
id: linux-sample
title: {zh: 样例, en: sample}
decides: [8.1.4.1-a.1]
platform: linux
probe: [{id: value, run: "echo 3", parse: integer}]
assert: fact.value >= param.least
parameters: {least: {default: 8, title: {zh: 至少, en: least}}}
rationale: {zh: 理由, en: reason}
rectify: {text: {zh: 整改, en: mend}}
cases:
  - {name: nine, expect: compliant, facts: {value: "9"}}
  - {name: seven, expect: non_compliant, facts: {value: "7"}}
"""


def faults_of(site: Path, text: str, *more: str) -> list[str]:
    folder = site / "rules" / "graded_protection" / "checks" / "linux"
    folder.mkdir(parents=True)
    (folder / "linux-sample.yml").write_text(text)
    for number, each in enumerate(more):
        (folder / f"linux-more{number}.yml").write_text(each.replace("linux-sample", f"linux-more{number}"))
    library = Library.open(site)
    library.load()
    found = [fault for rule in RULES for fault in rule(library)]
    return [
        f"{fault.place}: {fault.message} {fault.advice or ''}"
        for fault in found
        if fault.file.rpartition("/")[2].startswith(("linux-sample", "linux-more"))
    ]


def test_a_sound_check_has_no_faults(tmp_path: Path) -> None:
    assert faults_of(tmp_path, GOOD) == []


def test_a_fault_names_a_file_that_can_be_opened_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (told,) = faults_of(tmp_path / "site", GOOD.replace("8.1.4.1-a.1", "8.1.4.1-a.11"))
    assert Path(told.split(":")[0]).is_file()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("8.1.4.1-a.1", "8.1.4.1-a.11", "no part 8.1.4.1-a.11 did you mean 8.1.4.1-a.1?"),
        ('[{id: value, run: "echo 3", parse: integer}]', "[passwrd]", "no probe passwrd did you mean passwd?"),
        ("parse: integer", "parse: intger", "no parser intger did you mean integer?"),
        ("parse: integer", "parse: {key_value: {seperator: x}}", "no option seperator"),
        ("param.least", "param.lest", "assert 1:15: unknown param.lest"),
        ("fact.value >=", "fact.valu >=", "assert 1:1: unknown fact.valu"),
        ("fact.value >=", "fact.value >==", "not CEL"),
        ("assert:", "when: 'true'\nassert:", "when and when_reason go together"),
        ("platform:", "high_risk: {id: HR-CES-99}\nplatform:", "no high-risk situation HR-CES-99"),
        ('"7"', '"8"', "case “seven”: expected non_compliant, came to compliant"),
        ("expect: non_compliant", "expect: undetermined", "no case that expects non_compliant"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    faults = faults_of(tmp_path, GOOD.replace(old, new, 1))
    assert any(told in fault for fault in faults), faults
    assert all("linux-sample.yml:" in fault for fault in faults)


def test_two_probes_of_one_name(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, GOOD, GOOD.replace("echo 3", "echo 4"))
    assert len(faults) == 1
    assert "another probe is called value too" in faults[0]


def test_a_run_is_stopped_by_soundness_not_by_cases() -> None:
    assert set(SOUNDNESS) < set(RULES)


def test_shipped_content_is_sound() -> None:
    library = Library.open(None, shipped=shipped_root())
    assert [f"{fault.place}: {fault.message}" for rule in SOUNDNESS for fault in rule(library)] == []
