"""`detect test` from end to end: what it shows, writes and ends with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import pytest

from sec_ops.cli.main import run
from tests.unit.workflows.test_rule_cases import CASES, RULE, write

Command = Callable[..., tuple[int, Any]]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LC_ALL", "C")
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    write(root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def command(site: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    assert site.is_dir()

    def call(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = run(["detect", "test", *map(str, words), "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    return call


def test_a_sites_rule_is_tested(command: Command, site: Path) -> None:
    for name in (
        "local",
        "root",
        "local/root",
        "6f0d1c0e-51c1-4b7e-9d8e-0c6f6f1f0a01",
        "rules/detection/local/root.yml",
    ):
        code, body = command(name)
        assert (code, body["counts"]) == (
            0,
            {"rules": 1, "cases": 2, "failed": 0, "without_cases": 0, "invalid": 0},
        ), name
    assert body["rules"][0]["layer"] == "site"
    assert site.is_dir()


def test_a_failed_case_is_told_and_written(command: Command, site: Path) -> None:
    write(site, RULE.replace("selection and not known", "selection"))
    code, body = command("local", "--junit", site / "out.xml")
    assert (code, body["outcome"], body["counts"]["failed"]) == (1, ["findings"], 1)
    failed = [case for case in body["rules"][0]["cases"] if not case["passed"]]
    assert [case["about"] for case in failed] == ["from where it may"]
    assert parse(site / "out.xml").getroot().attrib["failures"] == "1"


def test_rules_without_cases_are_incomplete(command: Command, site: Path) -> None:
    (site / "rules/detection/local/root.cases.yml").unlink()
    assert command("local")[0] == 3


def test_cases_and_rules_that_cannot_be_read_are_invalid(command: Command, site: Path) -> None:
    write(site, cases=CASES.replace("expect: match", "expect: perhaps"))
    assert command("local")[0] == 4
    write(site, RULE.replace("selection and not known", "selection and nothing"))
    code, body = command("local/root")
    assert (code, len(body["refused"])) == (4, 1)


def test_an_unknown_name_is_a_usage_error(command: Command) -> None:
    assert command("no-such-rule")[0] == 2


def test_text_names_the_case_that_failed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(site, RULE.replace("selection and not known", "selection"))
    assert run(["detect", "test", "local", "--lang", "zh"]) == 1
    shown = capsys.readouterr().out
    assert "不应命中而命中" in shown
    assert "from where it may" in shown
