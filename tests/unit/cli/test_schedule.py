"""`sec-ops schedule` as a person and as a timer call it."""

import json
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run

CONFIGURATION = """
schedule:
  jobs:
    - {id: logs-pull, enabled: false}
    - {id: logs-summary, enabled: false}
    - {id: alerts-summary, enabled: false}
    - {id: logs-retain, enabled: false}
    - {id: alerts-retain, enabled: false}
    - {id: logs-verify, enabled: false}
    - {id: good, command: [doctor, --help], timing: {every_minutes: 30}}
    - {id: bad, command: [nonsense], timing: {every_minutes: 30}}
notify:
  language: en
  notifiers:
    - {id: file, kind: file, path: var/notices.jsonl}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    with (root / "sec-ops.yml").open("a") as stream:
        stream.write(CONFIGURATION)
    return root


def document(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_what_is_due_runs_once_and_a_failure_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--site", str(site)]
    code, body = document(capsys, *where, "schedule", "run-due")
    assert {each["id"]: each["outcome"] for each in body["jobs"]} == {
        "evidence-checkpoint": "clean",
        "good": "clean",
        "bad": "usage",
    }
    assert code == 2
    (line,) = (site / "var" / "notices.jsonl").read_text().splitlines()
    assert json.loads(line)["data"]["job"] == "bad"
    assert "there is no command" in json.loads(line)["text"]
    code, body = document(capsys, *where, "schedule", "show")
    states = {each["id"]: each["state"] for each in body["jobs"]}
    assert states["bad"] == "failed"
    assert states["good"] == "good"
    assert states["logs-pull"] == "disabled"
    assert code == 1


def test_one_job_alone(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, body = document(capsys, "--site", str(site), "schedule", "run-due", "--job", "good")
    assert ([each["id"] for each in body["jobs"]], code) == (["good"], 0)
    code, body = document(capsys, "--site", str(site), "schedule", "run-due", "--job", "nobody")
    assert code == 2
    assert "evidence-checkpoint" in body["error"]["next"]


def test_quiet_says_nothing_when_nothing_was_due(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--site", str(site), "schedule", "run-due", "--job", "good", "--quiet"]
    assert run(words) == 0
    capsys.readouterr()
    assert run(words) == 0
    assert capsys.readouterr().out == ""


def test_install_writes_and_verifies_units(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--site", str(site), "schedule", "install", "--output", str(tmp_path / "units"), "--user", "secops"]
    code, body = document(capsys, *words)
    assert (code, body["verified"], body["started"]) == (0, True, False)
    names = sorted(path.name for path in (tmp_path / "units").iterdir())
    assert names == body["files"]
    assert "User=secops" in (tmp_path / "units" / names[0]).read_text()


def test_a_dry_run_writes_nothing(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--site", str(site), "schedule", "install", "--manager", "cron", "--output", str(tmp_path / "cron")]
    code, body = document(capsys, *words, "--dry-run")
    assert code == 0
    assert "run-due" in next(iter(body["files"].values()))
    assert not (tmp_path / "cron").exists()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("schedule: {zone: Mars/Olympus}", "schedule.zone"),
        ("schedule: {jobs: [{id: a, timing: {daily: '25:00'}}]}", "schedule.jobs[0].timing.daily"),
        ("notify: {notifiers: [{id: a, kind: pigeon}]}", "notify.notifiers[0]"),
        ("notify: {notifiers: [{id: a, kind: webhook}]}", "notify.notifiers[0]"),
    ],
)
def test_faults_of_the_configuration_are_placed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, place: str
) -> None:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    with (root / "sec-ops.yml").open("a") as stream:
        stream.write(text + "\n")
    code, body = document(capsys, "--site", str(root), "schedule", "show")
    assert code == 4
    paths = [fault["path"] for fault in body["error"]["faults"]]
    assert any(path.startswith(place.split("[", maxsplit=1)[0]) for path in paths), paths


def test_a_schedule_that_nobody_wakes_says_so(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--site", str(site), "--lang", "en", "schedule"]
    for hint in (True, False):
        capsys.readouterr()
        run([*where, "show"])
        assert ("schedule install" in capsys.readouterr().err) is hint
        run([*where, "run-due", "--job", "good"])


def test_jobs_speak_the_language_of_the_notices(site: Path) -> None:
    settings = (site / "sec-ops.yml").read_text().replace("language: en", "language: zh")
    (site / "sec-ops.yml").write_text(settings.replace("[nonsense]", "[logs, search, 'a OR']"))
    run(["--site", str(site), "--lang", "en", "schedule", "run-due", "--job", "bad"])
    (line,) = (site / "var" / "notices.jsonl").read_text().splitlines()
    assert "查询不完整" in json.loads(line)["text"]


def test_a_site_that_pulls_nothing_has_no_failing_pull(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--site", str(site), "--lang", "en", "logs", "pull"]
    for words in ([], ["--dry-run"]):
        code, body = document(capsys, *where, *words)
        assert (code, body["hosts"], body["run"]) == (0, [], None)
    run(where)
    assert "log_sources" in capsys.readouterr().err
    assert run([*where, "--source", "web"]) == 2
    assert not list((site / "var").glob("runs/*-pull-*"))


def test_notices_that_reached_nobody_are_counted(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "var" / "notify" / "undelivered").mkdir(parents=True)
    (site / "var" / "notify" / "undelivered" / "a.json").write_text("{}")
    where = ["--site", str(site), "--lang", "en", "schedule", "show"]
    assert document(capsys, *where)[1]["notices_given_up"] == 1
    run(where)
    assert "1 notices reached nobody" in capsys.readouterr().out
