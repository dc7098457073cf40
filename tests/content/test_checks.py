"""Every check in rules/ is whole, and every case of it comes to the verdict it names.

For authors: `.venv/bin/python -m pytest tests/content/test_checks.py -k <check id> -q`
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sec_ops.compliance.cases import case_fault, probes_of
from sec_ops.compliance.expression import Names, expression_faults
from sec_ops.compliance.lint import expressions_of
from sec_ops.compliance.parsers import parser_names, parser_of, unknown_options
from sec_ops.compliance.platform import FAMILIES, UNKNOWN
from sec_ops.model.check import Check, Probe
from sec_ops.model.verdict import Verdict

RULES = Path(__file__).parents[2] / "rules" / "graded_protection"
CHECK_FILES = sorted(RULES.glob("checks/*/*.yml"))
PROBE_FILES = sorted(RULES.glob("probes/*/*.yml"))
SHELLS = [["dash", "-n"], ["busybox", "ash", "-n"], ["bash", "-n"]]


@cache
def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


@cache
def check_of(path: Path) -> Check:
    return Check.model_validate(read(path))


@cache
def shared_probes() -> dict[str, Probe]:
    return {path.stem: Probe.model_validate(read(path)) for path in PROBE_FILES}


@cache
def clause_parts() -> frozenset[str]:
    files = [*sorted(RULES.glob("catalog/general_l*.yml")), RULES / "catalog" / "extensions.yml"]
    clauses = [clause for file in files for clause in read(file)["items"]]
    named = {part["id"] for clause in clauses for part in clause.get("parts", ())}
    return frozenset(named | {f"{clause['id']}.1" for clause in clauses if not clause.get("parts")})


@cache
def high_risk_ids() -> frozenset[str]:
    return frozenset(item["id"] for item in read(RULES / "catalog" / "high_risk.yml")["items"])


every_check = pytest.mark.parametrize("path", CHECK_FILES, ids=lambda path: path.stem)
every_probe = pytest.mark.parametrize("path", PROBE_FILES, ids=lambda path: path.stem)


@every_check
def test_cases(path: Path) -> None:
    check = check_of(path)
    faults = (case_fault(check, case, shared_probes()) for case in check.cases)
    assert [f"{fault.case}: {fault.message}" for fault in faults if fault] == []


@every_check
def test_has_the_cases_it_needs(path: Path) -> None:
    check = check_of(path)
    verdicts = {case.expect for case in check.cases}
    passing = Verdict.MANUAL if check.person_decides else Verdict.COMPLIANT
    assert passing in verdicts
    if check.decides and not check.person_decides:
        assert Verdict.NON_COMPLIANT in verdicts
    assert len({case.name for case in check.cases}) == len(check.cases)
    assert {case.host.get("family", "debian") for case in check.cases} <= {*FAMILIES, UNKNOWN}
    if check.when is not None:
        assert Verdict.NOT_APPLICABLE in verdicts


@every_check
def test_is_named_like_its_file(path: Path) -> None:
    check = check_of(path)
    assert check.id == path.stem
    assert check.id.startswith(f"{check.platform}-")
    assert path.parent.name == check.platform


@every_check
def test_decides_parts_that_exist(path: Path) -> None:
    check = check_of(path)
    assert set(check.decides) - clause_parts() == set()
    assert bool(check.decides) or not check.affects_verdict, "without parts it is information: affects_verdict: false"


@every_check
def test_high_risk_is_a_confirmed_one(path: Path) -> None:
    high_risk = check_of(path).high_risk
    assert high_risk is None or high_risk.id is None or high_risk.id in high_risk_ids()


@every_check
def test_expressions_compile(path: Path) -> None:
    check = check_of(path)
    names = Names(probes=frozenset(probes_of(check, shared_probes())), parameters=frozenset(check.parameters))
    faults = {
        f"{name} {fault.line}:{fault.column}: {fault.message}"
        for name, source in expressions_of(check).items()
        for fault in expression_faults(source, names)
    }
    assert faults == set()
    assert (check.when is None) == (check.when_reason is None), "when and when_reason go together"


@every_check
def test_uses_what_it_declares(path: Path) -> None:
    check = check_of(path)
    sources = " ".join(expressions_of(check).values())
    assert [name for name in check.parameters if f"param.{name}" not in sources] == []
    shared = {probe for probe in check.probe if isinstance(probe, str)}
    assert shared - shared_probes().keys() == set()


@every_check
def test_own_probes_are_sound(path: Path) -> None:
    for probe in check_of(path).probe:
        if isinstance(probe, Probe):
            assert probe.id not in shared_probes(), "a shared probe has that name"
            assert_sound(probe)


@every_probe
def test_shared_probe_is_sound(path: Path) -> None:
    probe = Probe.model_validate(read(path))
    assert probe.id == path.stem
    assert_sound(probe)


def assert_sound(probe: Probe) -> None:
    assert parser_of(probe)[0] in parser_names()
    assert unknown_options(probe) == []
    for shell in SHELLS:
        if shutil.which(shell[0]):
            done = subprocess.run(shell, input=probe.run.encode(), capture_output=True, check=False)
            assert done.returncode == 0, f"{shell[0]}: {done.stderr.decode()}"


def test_own_probes_of_one_name_are_the_same() -> None:
    own: dict[str, Probe] = {}
    for path in CHECK_FILES:
        for probe in check_of(path).probe:
            if isinstance(probe, Probe):
                assert own.setdefault(probe.id, probe) == probe, f"{path.stem}: another probe {probe.id} exists"
