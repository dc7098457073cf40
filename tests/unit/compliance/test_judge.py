"""One check on one host: the order of the questions, and no way from unknown to a pass."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.cases import case_fault
from sec_ops.compliance.judge import Judgement, judge
from sec_ops.compliance.parsers import ParsedFact
from sec_ops.compliance.platform import Platform
from sec_ops.model.check import Check
from sec_ops.model.fact import FactState
from sec_ops.model.verdict import Verdict
from tests.unit.compliance.samples import TEXT, check

DEBIAN = Platform(family="debian", distribution="debian", version="12")
UNHEARD = Platform(family="unknown", distribution="plan9", version="4")


def judged(given_check: Check, value: Any = 9, platform: Platform = DEBIAN, **parameters: Any) -> Judgement:
    return judge(given_check, {"value": ParsedFact(state=FactState.READ, value=value)}, platform, parameters)


@pytest.mark.parametrize(
    ("changes", "value", "expected"),
    [
        ({}, 9, Verdict.COMPLIANT),
        ({}, 7, Verdict.NON_COMPLIANT),
        ({}, None, Verdict.NON_COMPLIANT),
        ({"partial": "fact.value > 5"}, 7, Verdict.PARTIAL),
        ({"when": "fact.value != 7", "when_reason": TEXT}, 7, Verdict.NOT_APPLICABLE),
        ({"when": "fact.value == 7", "when_reason": TEXT}, 7, Verdict.NON_COMPLIANT),
        ({"undecided": [{"when": "fact.value > 8", "reason": TEXT}]}, 9, Verdict.UNDETERMINED),
        ({"person_decides": True}, 9, Verdict.MANUAL),
        ({"person_decides": True}, 7, Verdict.NON_COMPLIANT),
        ({"assert": "fact.value > 'x'"}, 9, Verdict.UNDETERMINED),
        ({"assert": "fact.value"}, 9, Verdict.UNDETERMINED),
        ({"assert": "fact.value.deep.key == 1"}, 9, Verdict.UNDETERMINED),
        ({"assert": "octal('9') == 1"}, 9, Verdict.UNDETERMINED),
        ({"when": "fact.value.key", "when_reason": TEXT}, 9, Verdict.UNDETERMINED),
        ({"partial": "fact.value.key"}, 7, Verdict.UNDETERMINED),
    ],
)
def test_order_of_the_questions(changes: dict[str, Any], value: Any, expected: Verdict) -> None:
    assert judged(check(**changes), value).verdict is expected


@pytest.mark.parametrize("state", [state for state in FactState if state not in (FactState.READ, FactState.ABSENT)])
def test_a_fact_without_answer_leaves_it_open(state: FactState) -> None:
    found = judge(check(**{"assert": "true"}), {"value": ParsedFact(state=state)}, DEBIAN, {})
    assert found.verdict is Verdict.UNDETERMINED
    assert "fact value" in str(found.reason)


def test_an_absent_fact_is_null() -> None:
    absent = {"value": ParsedFact(state=FactState.ABSENT)}
    assert judge(check(**{"assert": "fact.value == null"}), absent, DEBIAN, {}).verdict is Verdict.COMPLIANT


def test_a_fact_that_never_came_leaves_it_open() -> None:
    assert judge(check(), {}, DEBIAN, {}).verdict is Verdict.UNDETERMINED


def test_an_unknown_system_is_said_loudly() -> None:
    found = judged(check(**{"assert": "true", "when": "false", "when_reason": TEXT}), platform=UNHEARD)
    assert found.verdict is Verdict.UNDETERMINED
    assert "plan9 4" in str(found.reason)


def test_parameters_replace_defaults() -> None:
    assert judged(check(), 9, least=10).verdict is Verdict.NON_COMPLIANT


def test_high_risk_by_its_condition() -> None:
    risky = {"id": "HR-CES-01", "when": "fact.value < 5"}
    assert judged(check(high_risk=risky), 3).high_risk
    assert not judged(check(high_risk=risky), 6).high_risk
    assert not judged(check(high_risk=risky), 9).high_risk
    assert judged(check(high_risk={"when": "fact.value.key"}), 6).high_risk


def test_observed_is_short_and_harmless() -> None:
    assert judged(check(observed="['b', 'a']")).observed == "a, b"
    assert judged(check(observed="'\\u001b[31m'")).observed == "\\x1b[31m"
    assert len(judged(check(observed="'x'.replace('x', '" + "y" * 5000 + "')")).observed) < 500
    assert judged(check(observed="fact.value.key")).observed_fault


@given(source=st.text(max_size=60), value=st.none() | st.integers() | st.text() | st.lists(st.text()))
def test_no_rule_and_no_value_raises(source: str, value: Any) -> None:
    found = judged(check(**{"assert": source, "observed": source}), value)
    assert found.verdict in (Verdict.UNDETERMINED, Verdict.COMPLIANT, Verdict.NON_COMPLIANT)


def test_cases_are_run_and_their_faults_told() -> None:
    cases = [
        {"name": "nine passes", "expect": "compliant", "facts": {"value": "9"}},
        {"name": "seven passes", "expect": "compliant", "facts": {"value": "7"}},
        {"name": "no such probe", "expect": "compliant", "facts": {"other": "7"}},
        {"name": "unreadable", "expect": "undetermined", "facts": {"value": {"state": "unreadable"}}},
        {"name": "left out", "expect": "undetermined", "facts": {}},
        {"name": "not understood", "expect": "undetermined", "facts": {"value": "x"}},
    ]
    sample = check(cases=cases)
    faults = [case_fault(sample, case, {}) for case in sample.cases]
    assert [fault.case for fault in faults if fault] == ["seven passes", "no such probe"]
