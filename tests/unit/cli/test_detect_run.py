"""`sec-ops detect run` as a person calls it: on a laptop, in a site, with logs good and bad."""

import gzip
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from sec_ops.detection.match import patience
from tests.evtx_files import event_log, security_event

FAILED = "Nov 25 03:00:{second:02} web-1 sshd[71]: Failed password for root from 203.0.113.7 port 4022 ssh2\n"
LOG = "".join(FAILED.format(second=second) for second in range(5))
RULES = """\
title: A failed login
name: failed
id: 00000000-0000-0000-0000-000000000001
logsource: {product: linux, service: sshd}
detection: {it: {event.outcome: failure}, condition: it}
level: low
---
title: A user who isn't there
id: 00000000-0000-0000-0000-000000000002
logsource: {product: windows, service: security}
detection: {it: {EventID: 4625}, condition: it}
level: medium
sec_ops: {title: {zh: 登录失败}, runbook: account_compromise}
---
title: Guessing
id: 00000000-0000-0000-0000-000000000003
correlation: {type: event_count, rules: [failed], group-by: [source.ip], timespan: 1m, condition: {gte: 5}}
level: high
---
title: Broken
id: 00000000-0000-0000-0000-000000000004
logsource: {product: linux}
detection: {it: {a|nonsense: 1}, condition: it}
"""
WINDOWS = {"EventID": 4625, "Channel": "Security", "Computer": "pc-1", "TargetUserName": "li"}
DEMO = Path(__file__).parents[3] / "scripts" / "demo-logs"
Detect = Callable[..., tuple[int, Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEC_OPS_SITE", raising=False)
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    return tmp_path


@pytest.fixture
def detect(folder: Path, capsys: pytest.CaptureFixture[str]) -> Detect:
    def detected(*words: str) -> tuple[int, Any]:
        code = run(["detect", "run", "--rules", "rules.yml", "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    return detected


def titles(document: Any) -> list[str]:
    return [alert["title"]["en"] for alert in document["alerts"]]


def test_a_log_on_a_laptop(detect: Detect, folder: Path):
    (folder / "auth.log").write_text(LOG)
    code, found = detect("auth.log")
    assert code == 1
    assert (found["run"], found["events"], found["files"]) == (None, 5, 1)
    assert found["rules"] == {"loaded": 3, "cannot_fire": 1, "refused": 1}
    assert found["hits"] == {"00000000-0000-0000-0000-000000000001": 5, "00000000-0000-0000-0000-000000000003": 1}
    (alert,) = found["alerts"]
    assert (alert["rule"], alert["level"], alert["entity"], alert["events"]) == (
        "00000000-0000-0000-0000-000000000003",
        "high",
        "203.0.113.7",
        5,
    )
    assert found["outcome"] == ["findings"]
    assert "winlog.event_id" in found["cannot_fire"][0]["reason"]


@pytest.mark.parametrize("wrap", ["gz", "zip", "folder"])
def test_whatever_the_log_lies_in(detect: Detect, folder: Path, wrap: str):
    if wrap == "gz":
        (folder / "x").write_bytes(gzip.compress(LOG.encode()))
    elif wrap == "zip":
        with zipfile.ZipFile(folder / "x", "w") as archive:
            archive.writestr("auth.log", LOG)
    else:
        (folder / "x" / "y").mkdir(parents=True)
        (folder / "x" / "y" / "auth.log").write_text(LOG)
    code, found = detect("x")
    assert (code, titles(found)) == (1, ["Guessing"])


def test_json_records_of_windows_are_judged_as_they_are(detect: Detect, folder: Path):
    (folder / "security.jsonl").write_text(json.dumps({**WINDOWS, "SystemTime": "2026-11-20T01:02:03Z"}) + "\n")
    code, found = detect("security.jsonl")
    assert (code, titles(found), found["alerts"][0]["first"]) == (
        1,
        ["A user who isn't there"],
        "2026-11-20T01:02:03.000Z",
    )


def test_events_outside_the_span_are_no_findings(detect: Detect, folder: Path):
    (folder / "security.jsonl").write_text(json.dumps({**WINDOWS, "SystemTime": "2026-11-20T01:02:03Z"}) + "\n")
    assert detect("security.jsonl", "--since", "2026-11-21")[0] == 0
    assert detect("security.jsonl", "--since", "2026-11-20", "--until", "2026-11-20")[0] == 1


def test_the_wrong_shape_says_so_and_is_no_clean_result(detect: Detect, folder: Path):
    (folder / "odd.jsonl").write_text('{"evt": 4625, "who": "li"}\n' * 3)
    code, found = detect("odd.jsonl")
    assert code == 3
    assert found["strange"] == [{"path": "odd.jsonl", "keys": ["evt", "who"], "count": 3}]
    assert {"windows_flat", "windows_nested", "ecs"} <= set(found["known_shapes"])


def test_strange_records_in_the_middle_are_counted(detect: Detect, folder: Path):
    (folder / "mixed.jsonl").write_text(json.dumps(WINDOWS) + '\n{"evt": 1}\nno json\n')
    code, found = detect("mixed.jsonl")
    assert (code, found["unknown_shape"], found["unparsed"]) == (3, 1, 1)
    assert found["outcome"] == ["incomplete", "findings"]


@pytest.mark.parametrize("nested", [False, True])
def test_events_with_thousands_of_fields_or_a_value_of_a_megabyte(detect: Detect, folder: Path, nested: bool):
    many = {f"Field{number:04}": f"value {number}" for number in range(5_000)}
    events: list[dict[str, Any]] = [
        {**WINDOWS, **many},
        {**WINDOWS, "Computer": "pc-2", "Data": "x" * 1_000_000},
        {**WINDOWS, "Computer": "pc-3", "TargetUserName": "y" * 1_000_000},
        {**many, "EventID": 1, "Channel": "Security"},
    ]
    if nested:
        of_system = ("EventID", "Channel", "Computer")
        events = [
            {
                "Event": {
                    "System": {name: value for name, value in event.items() if name in of_system},
                    "EventData": {name: value for name, value in event.items() if name not in of_system},
                }
            }
            for event in events
        ]
    (folder / "large.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events))
    code, found = detect("large.jsonl")
    assert (code, found["events"], found["unknown_shape"]) == (1, 4, 0)
    assert found["hits"] == {"00000000-0000-0000-0000-000000000002": 3}
    assert sorted(host for alert in found["alerts"] for host in alert["hosts"]) == ["pc-1", "pc-2", "pc-3"]


def test_one_bad_file_among_many(detect: Detect, folder: Path):
    (folder / "logs").mkdir()
    for number in range(20):
        (folder / "logs" / f"{number}.log").write_text(LOG)
    (folder / "logs" / "7.log").write_bytes(gzip.compress(LOG.encode() * 40)[:90])
    code, found = detect("logs")
    assert code == 3
    assert [entry["path"] for entry in found["skipped"]] == ["logs/7.log"]
    assert found["hits"]["00000000-0000-0000-0000-000000000001"] >= 95


def test_levels(detect: Detect, folder: Path):
    (folder / "auth.log").write_text(LOG)
    code, found = detect("auth.log", "--level", "critical")
    assert (code, found["rules"]["loaded"], found["hits"]) == (0, 0, {})
    assert detect("auth.log", "--fail-on", "critical")[0] == 0
    assert detect("auth.log", "--fail-on", "high")[0] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [(["nowhere.log"], 2), (["auth.log", "--fail-on", "awful"], 2), (["auth.log", "--zone", "Mars"], 2)],
)
def test_what_cannot_be_asked(folder: Path, words: list[str], code: int):
    (folder / "auth.log").write_text(LOG)
    assert run(["detect", "run", "--rules", "rules.yml", *words]) == code


def test_a_site_keeps_alerts_run_and_evidence(detect: Detect, folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "auth.log").write_text(LOG)
    assert run(["init", "site"]) == 0
    capsys.readouterr()
    code, found = detect("auth.log", "--site", "site")
    assert code == 1
    kept = folder / "site" / "var" / "runs" / found["run"]
    assert re.fullmatch(r"\d{8}T\d{6}Z-detect-[0-9a-f]{8}", found["run"])
    assert json.loads((kept / "findings.json").read_text())["hits"] == found["hits"]
    assert {path.name for path in kept.iterdir()} == {"request.json", "findings.json", "manifest.json"}
    assert run(["--site", "site", "--json", "alerts", "list"]) == 1
    assert titles(json.loads(capsys.readouterr().out)) == ["Guessing"]
    assert run(["--site", "site", "--json", "evidence", "list"]) == 0
    kinds = [entry["kind"] for entry in json.loads(capsys.readouterr().out)["entries"]]
    assert kinds[-2:] == ["detection.run/1", "detection.alert/1"]
    again, second = detect("auth.log", "--site", "site", "--fail-on", "new")
    assert (again, second["alerts"][0]["id"]) == (0, found["alerts"][0]["id"])


def test_only_looking_leaves_nothing_in_the_site(detect: Detect, folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "auth.log").write_text(LOG)
    assert run(["init", "site"]) == 0
    capsys.readouterr()
    code, found = detect("auth.log", "--site", "site", "--no-keep")
    assert (code, found["run"]) == (1, None)
    assert run(["--site", "site", "--json", "alerts", "list"]) == 0
    assert not (folder / "site" / "var" / "runs").exists()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_texts_in_both_languages(folder: Path, capsys: pytest.CaptureFixture[str], language: str):
    (folder / "auth.log").write_text(LOG)
    (folder / "security.jsonl").write_text(json.dumps(WINDOWS) + '\n{"evt": 1}\n')
    (folder / "odd.jsonl").write_text('{"evt": 4625}\n')
    words = ["auth.log", "security.jsonl", "odd.jsonl"]
    assert run(["--lang", language, "detect", "run", "--rules", "rules.yml", *words]) == 3
    shown = capsys.readouterr().out.splitlines()
    head = {
        "zh": "告警：2（高 1, 中 1）；用 3 条规则检测了 8 条事件",
        "en": "alerts: 2 (high 1, medium 1); 8 events judged by 3 rules",
    }
    assert shown[0] == head[language]
    assert [line.split()[0] for line in shown[3:5]] == (["高", "中"] if language == "zh" else ["high", "medium"])
    assert any("odd.jsonl" in line and "evt" in line for line in shown)


def test_jsonl_gives_each_alert_a_line(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "auth.log").write_text(LOG)
    assert run(["--jsonl", "detect", "run", "--rules", "rules.yml", "auth.log"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message_type"] for line in lines] == ["alert", "document"]


def test_an_expression_that_takes_too_long_is_set_aside_and_its_rule_named(
    detect: Detect, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(patience, "CREDIT_S", 0.05)
    expression = r"(?!x)(a|a)+$"
    (folder / "rules.yml").write_text(
        "title: Endless\nid: 00000000-0000-0000-0000-000000000005\nlogsource: {product: windows}\n"
        f"detection: {{it: {{TargetUserName|re: '{expression}'}}, condition: it}}\n"
    )
    users = ["a" * length + "!" for length in range(40, 44)]
    records = (json.dumps({**WINDOWS, "TargetUserName": user}) + "\n" for user in users)
    (folder / "security.jsonl").write_text("".join(records))
    code, found = detect("security.jsonl")
    assert (code, found["outcome"], found["searches_given_up"]) == (3, ["incomplete"], 4)
    (rule,) = found["set_aside"]
    assert (rule["title"]["en"], expression in rule["reason"]) == ("Endless", True)
    run(["detect", "run", "--rules", "rules.yml", "security.jsonl"])
    assert "Endless" in capsys.readouterr().out
    assert run(["init", "site"]) == 0
    capsys.readouterr()
    detect("security.jsonl", "--site", "site")
    assert run(["--site", "site", "--json", "evidence", "list"]) == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    sealed = next(entry["data"] for entry in entries if entry["kind"] == "detection.run/1")
    assert (sealed["searches_given_up"], sealed["rules_set_aside"], sealed["outcome"]) == (4, 1, ["incomplete"])


def test_event_logs_of_windows(detect: Detect, folder: Path):
    event = security_event(4625, {"TargetUserName": "li"}, time="2026-11-20T01:02:03.000000Z")
    (folder / "security.evtx").write_bytes(event_log([event, event]))
    code, found = detect("security.evtx")
    assert (code, titles(found), found["alerts"][0]["events"]) == (1, ["A user who isn't there"], 2)
    assert found["alerts"][0]["hosts"] == ["dc01.example.org"]


def test_the_break_in_of_the_demo_is_found_by_the_shipped_rules(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert run(["detect", "run", str(DEMO), "--zone", "Asia/Shanghai", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    critical = {alert["title"]["en"] for alert in found["alerts"] if alert["level"] == "critical"}
    assert "SSH Login After Guessing" in critical
    assert {"203.0.113.7"} <= {address for alert in found["alerts"] for address in alert["addresses"]}
