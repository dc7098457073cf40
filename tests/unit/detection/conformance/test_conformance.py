"""Every evaluator agrees with every case."""

import pytest

from tests.unit.detection.conformance.cases import CASES, Case
from tests.unit.detection.conformance.evaluators import EVALUATORS, Evaluator


@pytest.fixture(params=EVALUATORS)
def evaluator(request: pytest.FixtureRequest) -> Evaluator:
    return EVALUATORS[request.param]


@pytest.mark.parametrize("case", [case for case in CASES if not case.refused], ids=lambda case: case.name)
def test_a_rule_finds_what_the_case_says(case: Case, evaluator: Evaluator) -> None:
    read = case.rules()
    assert not read.refused, read.refused[0].reason
    missed = [event for event in case.finds if not evaluator(read.rules[0], event, case.zone)]
    wrong = [event for event in case.ignores if evaluator(read.rules[0], event, case.zone)]
    assert (missed, wrong) == ([], [])


@pytest.mark.parametrize("case", [case for case in CASES if case.refused], ids=lambda case: case.name)
def test_a_rule_is_refused_as_the_case_says(case: Case) -> None:
    (refused,) = case.rules().refused
    assert case.refused in str(refused.reason)


def test_each_case_says_both_sides() -> None:
    assert not [case.name for case in CASES if not case.refused and not (case.finds and case.ignores)]
