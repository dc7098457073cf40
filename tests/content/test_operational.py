"""Every rule of the operational map is sound, and every case of it comes to the verdict it names."""

from functools import cache

import pytest

from sec_ops.compliance.operational_lint import CASES, SOUNDNESS, run_case
from sec_ops.content.kinds import CHECKS, CLAUSES, HIGH_RISK, OPERATIONAL
from sec_ops.content.library import Library
from sec_ops.content.lint import lint
from sec_ops.model.operational import OperationalCase, OperationalRule


@cache
def rules() -> dict[str, OperationalRule]:
    return {name: loaded.value for name, loaded in Library.open(None).objects(OPERATIONAL).items()}


def cases() -> list[tuple[str, OperationalCase]]:
    return [(name, case) for name, rule in rules().items() for case in rule.cases]


def test_nothing_is_wrong_with_the_map() -> None:
    found = lint(Library.open(None), [*SOUNDNESS, *CASES], OPERATIONAL, CHECKS, CLAUSES, HIGH_RISK)
    assert [f"{fault.place}: {fault.message}" for fault in found] == []
    assert len(rules()) >= 4


@pytest.mark.parametrize(("name", "case"), cases(), ids=[f"{name}-{case.name}" for name, case in cases()])
def test_a_case_comes_to_its_verdict(name: str, case: OperationalCase) -> None:
    judgement = run_case(rules()[name], case)
    assert (judgement.verdict, judgement.observed_fault) == (case.expect, "")
