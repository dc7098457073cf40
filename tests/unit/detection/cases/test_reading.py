"""Case files: read with every fault at once, lines repeated with their numbers."""

import pytest

from sec_ops.detection.cases.reading import cases_beside, read_cases, rule_beside
from sec_ops.model.detection_case import CaseLog
from sec_ops.model.errors import ContentInvalid


def test_cases_lie_beside_their_rule() -> None:
    assert cases_beside("rules/detection/linux/a.yml") == "rules/detection/linux/a.cases.yml"
    assert cases_beside("rules/detection/linux/a.yml#2") == "rules/detection/linux/a.cases.yml"
    assert cases_beside("a.yaml") == "a.cases.yml"
    assert rule_beside("rules/detection/linux/a.cases.yml") == "rules/detection/linux/a.yml"


def test_lines_come_as_often_as_they_say() -> None:
    log = CaseLog(path="/x", lines="a {n}\nb {nn} {nnn}\n", repeat=2)
    assert log.records() == ("a 1", "b 01 001", "a 2", "b 02 002")


def test_braces_of_json_stay() -> None:
    log = CaseLog(path="/x", lines='{"name": {"n": 1}}')
    assert log.records() == ('{"name": {"n": 1}}',)


def test_every_fault_is_told_with_its_line() -> None:
    text = (
        b"cases:\n  - about: x\n    expect: maybe\n    events: [{a: 1}]\n  - about: y\n    expect: none\n    logs: []\n"
    )
    with pytest.raises(ContentInvalid) as raised:
        read_cases(text, "a.cases.yml")
    told = {(fault.line, fault.path) for fault in raised.value.faults}
    assert {line for line, _ in told} >= {3, 5}


@pytest.mark.parametrize(
    "case",
    [
        "{about: x, expect: match}",
        "{about: x, expect: match, events: [{a: 1}], logs: [{path: /x, lines: y}]}",
        "{about: x, expect: match, logs: [{path: /x, lines: y, repeat: 0}]}",
        "{about: '', expect: match, events: [{a: 1}]}",
    ],
)
def test_cases_that_say_nothing_or_too_much_are_refused(case: str) -> None:
    with pytest.raises(ContentInvalid):
        read_cases(f"cases: [{case}]".encode(), "a.cases.yml")


NOWHERE = b"zone: Nowhere/Land\ncases: [{about: x, expect: none, events: [{a: 1}]}]"


@pytest.mark.parametrize("text", [b"", b"cases: []", b"- 1", NOWHERE, b"\xff"])
def test_files_that_are_no_cases_are_refused(text: bytes) -> None:
    with pytest.raises(ContentInvalid):
        read_cases(text, "a.cases.yml")
