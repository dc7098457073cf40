"""The verdict algebra as a truth table, and what must hold of it for all findings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.algebra import FAILING, OPEN, WORST_FIRST, clause_verdict, moves_verdict, part_verdict
from sec_ops.model.check import Severity
from sec_ops.model.verdict import Verdict

C, P, N, X, U, M = (
    Verdict.COMPLIANT,
    Verdict.PARTIAL,
    Verdict.NON_COMPLIANT,
    Verdict.NOT_APPLICABLE,
    Verdict.UNDETERMINED,
    Verdict.MANUAL,
)
verdicts = st.lists(st.sampled_from(list(Verdict)), max_size=8)
decided = st.lists(st.sampled_from([C, P, N]), min_size=1, max_size=8)
PASSING = (C, X)


@pytest.mark.parametrize(
    ("findings", "part"),
    [
        ([], M),
        ([C], C),
        ([C, M], M),
        ([C, U], U),
        ([M, U], U),
        ([U, P], P),
        ([P, N], N),
        ([U, N], N),
        ([C, X], C),
        ([X, U], U),
        ([X, X], X),
    ],
)
def test_a_part_is_its_worst_finding(findings: list[Verdict], part: Verdict) -> None:
    assert part_verdict(findings) is part


@pytest.mark.parametrize(
    ("parts", "clause"),
    [
        ([], M),
        ([C], C),
        ([C, C], C),
        ([N], N),
        ([N, N], N),
        ([C, N], P),
        ([C, P], P),
        ([P], P),
        ([P, N], P),
        ([P, P], P),
        ([C, U], U),
        ([C, M], M),
        ([U, M], U),
        ([U, M, C], U),
        ([N, U], N),
        ([N, M], N),
        ([P, U], P),
        ([C, N, U], P),
        ([X], X),
        ([X, X], X),
        ([X, C], C),
        ([X, N], N),
        ([X, U], U),
        ([X, M], M),
        ([X, C, N], P),
    ],
)
def test_truth_table_of_a_clause(parts: list[Verdict], clause: Verdict) -> None:
    assert clause_verdict(parts) is clause


@given(verdicts, st.randoms())
def test_order_and_repetition_do_not_matter(given_verdicts: list[Verdict], random: object) -> None:
    shuffled = [*given_verdicts, *given_verdicts]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert part_verdict(shuffled) is part_verdict(given_verdicts)
    assert clause_verdict(shuffled) is clause_verdict(given_verdicts)


@given(verdicts)
def test_the_unknown_never_becomes_a_pass(given_verdicts: list[Verdict]) -> None:
    if OPEN & set(given_verdicts):
        assert part_verdict(given_verdicts) not in PASSING
        assert clause_verdict(given_verdicts) not in PASSING


@given(verdicts)
def test_a_failure_never_vanishes(given_verdicts: list[Verdict]) -> None:
    failing = bool(FAILING & set(given_verdicts))
    assert (part_verdict(given_verdicts) in FAILING) is failing
    assert (clause_verdict(given_verdicts) in FAILING) is failing


@given(verdicts, st.integers(0, 7), st.sampled_from(WORST_FIRST))
def test_a_worse_finding_never_makes_a_better_part(given_verdicts: list[Verdict], place: int, other: Verdict) -> None:
    if place < len(given_verdicts) and given_verdicts[place] is not X:
        worse = min(given_verdicts[place], other, key=WORST_FIRST.index)
        changed = [*given_verdicts[:place], worse, *given_verdicts[place + 1 :]]
        assert WORST_FIRST.index(part_verdict(changed)) <= WORST_FIRST.index(part_verdict(given_verdicts))


@given(decided, st.integers(0, 7), st.sampled_from([C, P, N]))
def test_a_worse_decided_part_never_makes_a_better_clause(parts: list[Verdict], place: int, other: Verdict) -> None:
    if place < len(parts):
        worse = min(parts[place], other, key=WORST_FIRST.index)
        changed = [*parts[:place], worse, *parts[place + 1 :]]
        assert WORST_FIRST.index(clause_verdict(changed)) <= WORST_FIRST.index(clause_verdict(parts))


@given(verdicts)
def test_not_applicable_only_when_nothing_applies(given_verdicts: list[Verdict]) -> None:
    assert (clause_verdict(given_verdicts) is X) is (set(given_verdicts) == {X})
    assert (part_verdict(given_verdicts) is X) is (set(given_verdicts) == {X})


@pytest.mark.parametrize("severity", list(Severity))
def test_only_deciding_findings_move_a_verdict(severity: Severity) -> None:
    assert moves_verdict(severity, affects_verdict=True) is (severity is not Severity.LOW)
    assert not moves_verdict(severity, affects_verdict=False)
