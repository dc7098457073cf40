"""`sec-ops detect list`, its coverage, and `detect convert`, as a person calls them."""

import json
from pathlib import Path

import pytest

from sec_ops.cli.main import run
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import TIME
from sec_ops.siem.storing import Commit
from tests.contract.event_stores import TYPES, rows
from tests.unit.detection.library.conftest import Command
from tests.unit.detection.library.rules import FIRST, SECOND, THIRD, put, release, rule

SSH = """\
title: Root logs in
id: 77777777-7777-4777-8777-777777777777
name: root_logs_in
level: critical
tags: [attack.initial-access, attack.t1078]
logsource: {product: linux, service: sshd}
detection:
  selection: {user.name: root}
  condition: selection
sec_ops: {title: {zh: 根用户登录}}
"""


@pytest.fixture
def filled(site: Path) -> Path:
    release(
        site, "sigma", {"a.yml": rule(FIRST, "Imported"), "b.yml": rule(SECOND, "Quiet", level="low"), "c.yml": "a: ["}
    )
    put(site, "rules/detection/own/ssh.yml", SSH)
    put(site, "rules/detection/changes.yml", f"rules:\n  - {{id: {SECOND}, enabled: false, reason: noise}}\n")
    return site


def ids(document: dict) -> list[str]:
    return [each["id"] for each in document["rules"] if each["source"] != "shipped"]


def test_rules_by_source_state_level_and_text(filled: Path, command: Command) -> None:
    code, everything = command("detect", "list")
    assert code == 0
    assert sorted(ids(everything)) == sorted([FIRST, SECOND, "77777777-7777-4777-8777-777777777777"])
    assert {each["source"] for each in everything["rules"]} == {"shipped", "imported", "site"}
    assert [each["path"].rpartition("/")[2] for each in everything["refused"]] == ["c.yml"]
    assert [each["name"] for each in everything["releases"]] == ["sigma"]
    assert ids(command("detect", "list", "--source", "sigma")[1]) == [FIRST, SECOND]
    assert ids(command("detect", "list", "--source", "imported", "--state", "off")[1]) == [SECOND]
    assert ids(command("detect", "list", "--level", "high", "--source", "imported")[1]) == [FIRST]
    assert ids(command("detect", "list", "T1078", "--source", "site")[1]) == ["77777777-7777-4777-8777-777777777777"]
    assert ids(command("detect", "list", "根用户")[1]) == ["77777777-7777-4777-8777-777777777777"]


@pytest.mark.parametrize("words", [("--level", "awful"), ("--state", "maybe"), ("--source", "nobody")])
def test_a_choice_that_cannot_be(filled: Path, command: Command, words: tuple[str, str]) -> None:
    assert command("detect", "list", *words)[0] == 2


def test_coverage_says_why_rules_cannot_fire(filled: Path, command: Command, tmp_path: Path) -> None:
    now = int(SystemClock().now().timestamp() * 1_000_000)
    store = EmbeddedStore(filled / "var" / "logs", types=TYPES, clock=SystemClock())
    store.append(rows([{TIME: now, "user.name": "chen"}]), Commit(stream="1", sequence=1))
    store.close()
    layer = tmp_path / "layer.json"
    code, found = command("detect", "list", "--coverage", "--navigator", layer)
    assert code == 0
    told = {each["id"]: each for each in found["rules"]}
    assert told["77777777-7777-4777-8777-777777777777"]["datasets"] == ["sshd"]
    assert told[SECOND]["why_not"] == "switched off here: noise"
    assert "(windows) ever came" in told[FIRST]["why_not"]
    assert found["can_fire"] + found["cannot_fire"] == len(found["rules"])
    tactics = {each["id"]: each for each in found["tactics"]}
    assert tactics["initial-access"]["can_fire"] >= 1
    assert tactics["credential-access"]["cannot_fire"] >= 2
    written = json.loads(layer.read_bytes())
    assert written["versions"]["layer"] == "4.5"
    assert "T1003.001" in {each["techniqueID"] for each in written["techniques"]}


def test_a_person_reads_coverage_and_list(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--site", str(filled), "--lang", "zh", "detect", "list", "--source", "site"]) == 0
    shown = capsys.readouterr().out
    assert "根用户登录" in shown
    assert "严重" in shown
    assert run(["--site", str(filled), "detect", "list", "--source", "site", "--coverage"]) == 0
    assert "0 of 1 rules can fire here" in capsys.readouterr().out


def test_queries_and_refusals(filled: Path, command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code, done = command("detect", "convert", "root_logs_in", "--to", "lucene")
    assert code == 0
    assert [each["queries"] for each in done["queries"]] == [["event.dataset:sshd AND user.name:root"]]
    code, done = command("detect", "convert", FIRST, "root_logs_in", "--to", "eql", "--pipeline", "winlogbeat")
    assert code == 3
    assert [each["id"] for each in done["refused"]] == ["77777777-7777-4777-8777-777777777777"]
    assert [each["id"] for each in done["queries"]] == [FIRST]
    assert run(["--site", str(filled), "detect", "convert", "root_logs_in", "--to", "lucene"]) == 0
    assert capsys.readouterr().out == "event.dataset:sshd AND user.name:root\n"


@pytest.mark.parametrize(
    "words", [(THIRD, "--to", "lucene"), (FIRST, "--to", "sql"), (FIRST, "--to", "eql", "--format", "x")]
)
def test_conversions_that_cannot_be(filled: Path, command: Command, words: tuple[str, ...]) -> None:
    assert command("detect", "convert", *words)[0] == 2
