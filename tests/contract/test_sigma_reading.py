"""Our reading of a rule is pySigma's own, test by test, but for what it gets wrong; then somebody looks again."""

from typing import Final

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError

from tests.contract.sigma_trees import Tree, joined, ours, theirs
from tests.unit.detection.conformance.cases import CASES, Case

RULES: Final = [case for case in CASES if not case.refused and not case.placeholders]
OURS_ALONE: Final = {
    "what is encoded is the text itself, not how the rule escapes it",
    "of any language, byte by byte (UTF-8)",
    "with the mark of the byte order before it",
    "large integers keep every digit",
    "a name may begin with a word of conditions",
    "startswith binds an expression to the beginning",
    "and endswith to the end",
}
"""Why of the cases that pySigma reads otherwise, or not at all."""


def read_by_pysigma(case: Case) -> Tree | None:
    try:
        (rule,) = SigmaCollection.from_dicts([yaml.safe_load(case.text)]).rules
        return joined("any", [theirs(each.parsed) for each in rule.detection.parsed_condition])  # type: ignore[union-attr]
    except SigmaError:
        return None


@pytest.mark.parametrize("case", RULES, ids=lambda case: case.name)
def test_the_parts_are_those_of_pysigma(case: Case) -> None:
    same = read_by_pysigma(case) == ours(case.rules().rules[0].condition)
    assert same is (case.name.partition(": ")[2] not in OURS_ALONE)
