"""Checks proved on real hosts: the broken setting fails, the mended one passes.

One proof alone: `.venv/bin/python -m pytest tests/integration/test_proofs.py -k <check id>`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sec_ops.content.kinds import CHECKS
from sec_ops.content.library import Library
from sec_ops.model.verdict import Verdict
from tests.integration.proving import PROOFS, Outcome, Prover, proof_of, prove_all, why
from tests.integration.ssh_controller import Controller
from tests.testbed.bed import Bed

FILES = sorted(PROOFS.glob("*.yml"))
UNPROVED = PROOFS.parent / "unproved.yml"
PLATFORM = "debian-12"
HOSTS_AT_ONCE = 8
FEWEST = 60
WORSE = (Verdict.NON_COMPLIANT, Verdict.PARTIAL)
BETTER = (Verdict.COMPLIANT, Verdict.MANUAL, Verdict.PARTIAL)


@pytest.fixture(scope="session")
def outcomes(bed: Bed, request: pytest.FixtureRequest) -> Iterator[Mapping[Path, Outcome]]:
    """What came of every proof that was asked for."""
    functions = [item for item in request.session.items if isinstance(item, pytest.Function)]
    asked = {Path(str(each.callspec.params["path"])) for each in functions if each.originalname == "test_proof"}
    hosts = bed.up(HOSTS_AT_ONCE)
    yield prove_all(asked, Prover(Controller(bed)), hosts, lambda: bed.reset_hosts(hosts))
    bed.reset_hosts(hosts)


@pytest.mark.integration
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_proof(path: Path, outcomes: Mapping[Path, Outcome]) -> None:
    proof, outcome = proof_of(path), outcomes[path]
    if outcome.broken is not None:
        assert outcome.broken.verdict is proof.expect_broken, f"broken: {why(outcome.broken)}"
    assert outcome.mended is not None, outcome.fault
    assert outcome.mended.verdict is proof.expect_mended, f"mended: {why(outcome.mended)}"


def test_there_are_enough() -> None:
    assert len(FILES) >= FEWEST


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_proof_tells_apart(path: Path) -> None:
    proof = proof_of(path)
    assert proof.check == path.stem
    assert proof.expect_broken in WORSE
    assert proof.expect_mended in BETTER
    assert proof.expect_broken is not proof.expect_mended


def test_checks_say_where_they_were_proved() -> None:
    proved = {path.stem for path in FILES}
    checks = {name: loaded.value for name, loaded in Library.open(None).objects(CHECKS).items()}
    assert proved <= checks.keys()
    said = {name for name, check in checks.items() if PLATFORM in check.verified_on}
    reasons: Mapping[str, str] = YAML(typ="safe").load(UNPROVED) or {}
    assert sorted(proved - said) == [], f"proved, but does not say so: verified_on: [{PLATFORM}]"
    assert sorted(said - proved - reasons.keys()) == [], "says that it was proved, without proof or reason"
    assert sorted(reasons.keys() & proved) == [], "proved: strike the reason"
    assert sorted(reasons.keys() - said) == [], "a reason for what nobody claims"
