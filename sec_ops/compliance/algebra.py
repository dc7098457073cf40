"""The verdict algebra: findings make a part, parts make a clause. A truth table, kept by property tests.

A part is the worst of its checks over its objects. A clause weighs its parts against each other:

| parts that are decided                | parts still open | clause                        |
|---------------------------------------|------------------|-------------------------------|
| all compliant                         | none             | compliant                     |
| none failing                          | a fact missing   | undetermined                  |
| none failing                          | a person to say  | manual                        |
| all non-compliant                     | any              | non_compliant                 |
| some failing, or one partly compliant | any              | partial                       |
| none, each is not applicable          | none             | not_applicable                |
"""

from collections.abc import Iterable
from typing import Final

from sec_ops.model.check import moves_verdict
from sec_ops.model.verdict import Verdict

__all__ = ["DECIDED", "FAILING", "OPEN", "WORST_FIRST", "clause_verdict", "moves_verdict", "part_verdict"]

WORST_FIRST: Final = (
    Verdict.NON_COMPLIANT,
    Verdict.PARTIAL,
    Verdict.UNDETERMINED,
    Verdict.MANUAL,
    Verdict.COMPLIANT,
)
FAILING: Final = frozenset({Verdict.NON_COMPLIANT, Verdict.PARTIAL})
OPEN: Final = frozenset({Verdict.UNDETERMINED, Verdict.MANUAL})
DECIDED: Final = FAILING | {Verdict.COMPLIANT}


def part_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of the verdicts that count; without any the part waits for a person.

    What doesn't apply is left out, unless nothing applies.
    """
    held = set(verdicts)
    if held == {Verdict.NOT_APPLICABLE}:
        return Verdict.NOT_APPLICABLE
    return next((verdict for verdict in WORST_FIRST if verdict in held), Verdict.MANUAL)


def clause_verdict(parts: Iterable[Verdict]) -> Verdict:
    """Return the clause's verdict from those of its parts; without any part it waits for a person."""
    held = set(parts)
    applicable = held - {Verdict.NOT_APPLICABLE}
    if not applicable:
        return Verdict.NOT_APPLICABLE if held else Verdict.MANUAL
    decided = applicable & DECIDED
    if decided == {Verdict.NON_COMPLIANT}:
        return Verdict.NON_COMPLIANT
    if decided & FAILING:
        return Verdict.PARTIAL
    return next((verdict for verdict in (Verdict.UNDETERMINED, Verdict.MANUAL) if verdict in held), Verdict.COMPLIANT)
