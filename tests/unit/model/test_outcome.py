"""The precedence of exit codes."""

from itertools import combinations

import pytest

from sec_ops.model.outcome import PRECEDENCE, Outcome, decisive


def test_the_contract_of_the_design() -> None:
    order = [Outcome(code) for code in (6, 70, 5, 4, 3, 1)]
    for better, worse in combinations(order, 2):
        assert decisive([worse, better]) is better


@pytest.mark.parametrize(
    ("held", "wins"), [([], 0), ([Outcome.CLEAN], 0), ([Outcome.FINDINGS, Outcome.INTERRUPTED], 130)]
)
def test_cases(held: list[Outcome], wins: int) -> None:
    assert decisive(held) == wins


def test_every_outcome_has_its_place() -> None:
    assert sorted(PRECEDENCE) == sorted(Outcome)
