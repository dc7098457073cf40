"""`sec-ops alerts` as an analyst calls it."""

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.alerting import report_alerts, site_suppressions
from sec_ops.cli.main import run
from sec_ops.cli.sealing import evidence_of
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.database import DATABASE, open_database
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Level
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.site import Site
from tests.unit.detection.alerts.makers import NOON_US, NOW_MS, hit, rule
from tests.unit.identity.keys import make_key

EXAMPLE = Path(__file__).parents[3] / "inventory"
GOLDEN = Path(__file__).parent / "golden"
Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    shutil.rmtree(root / "inventory")
    shutil.copytree(EXAMPLE, root / "inventory")
    capsys.readouterr()
    return root


@pytest.fixture
def ask(site: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*words: str) -> tuple[int, str]:
        code = run(["alerts", *words, "--site", str(site)])
        return code, capsys.readouterr().out

    return asked


def keep(site: Path, hits: Iterable[Hit]) -> None:
    database = open_database(site / "var" / DATABASE)
    keep_hits(database, hits, now_ms=NOW_MS)
    database.close()


def document(asked: tuple[int, str]) -> tuple[int, Any]:
    return asked[0], json.loads(asked[1])


GUESSING = [hit(number, user=f"u{number}", address="10.0.0.9", time_us=NOON_US + number) for number in range(24)]
WORST = hit(99, of=rule(id="r-2", level=Level.CRITICAL, title={"en": "Web shell", "zh": "网页后门"}), host="web-2")


def test_nothing_yet(ask: Ask) -> None:
    assert ask("list", "--lang", "en") == (0, "no alerts\n")
    assert document(ask("list", "--json"))[1]["alerts"] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_texts_in_both_languages(site: Path, ask: Ask, language: str) -> None:
    keep(site, [*GUESSING, WORST])
    code, listed = ask("list", "--lang", language)
    name = document(ask("list", "--rule", "r-1", "--json"))[1]["alerts"][0]["id"]
    assert code == 1
    shown = ask("show", name[:8], "--lang", language)[1]
    golden = (GOLDEN / f"alerts.{language}.txt").read_text()
    assert f"{listed}\n{shown}" == golden


def test_the_contract_of_the_document(site: Path, ask: Ask) -> None:
    keep(site, [*GUESSING, WORST])
    code, body = document(ask("list", "--json"))
    assert (code, body["schema"], body["outcome"]) == (1, "sec-ops/alerts-list", ["findings"])
    worst, other = body["alerts"]
    assert {"rule", "title", "level", "entity", "events"} <= set(worst)
    assert (worst["level"], other["events"], other["entity"]) == ("critical", 24, "web-1")
    assert body["levels"] == {"high": 1, "critical": 1}
    whole = document(ask("show", other["id"], "--json"))[1]
    assert whole["alert"] == other
    assert len(whole["related"]) == 20
    assert whole["related"][0]["record"] == "linux/0/0"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--level", "critical"), ["r-2"]),
        (("--host", "WEB-2"), ["r-2"]),
        (("--address", "10.0.0.9"), ["r-1"]),
        (("--user", "u3", "--rule", "r-1", "--rule", "r-2"), ["r-1"]),
        (("--rule", "WEB SHELL"), ["r-2"]),
        (("--rule", "口令猜测"), ["r-1"]),
        (("--rule", "nothing"), []),
        (("--state", "closed"), []),
        (("--state", "all", "--limit", "1"), ["r-2"]),
        (("--since", "2026-11-26"), ["r-2", "r-1"]),
        (("--since", "2026-11-27T00:00"), []),
    ],
)
def test_filters(site: Path, ask: Ask, words: tuple[str, ...], found: list[str]) -> None:
    keep(site, [*GUESSING, WORST])
    code, body = document(ask("list", *words, "--json"))
    assert [alert["rule"] for alert in body["alerts"]] == found
    assert code == (1 if found else 0)


def test_closing_is_sealed_and_stands_until_something_new(site: Path, ask: Ask) -> None:
    keep(site, GUESSING)
    name = document(ask("list", "--json"))[1]["alerts"][0]["id"]
    words = ("--verdict", "benign", "--reason", "test of the bureau", "--by", "zhou")
    assert ask("close", name[:10], *words) == (0, f"{name}\n")
    assert ask("list")[0] == 0
    closed = document(ask("list", "--state", "closed", "--json"))[1]["alerts"][0]
    assert closed["closings"][0] | {"at": ""} == {
        "person": "zhou",
        "at": "",
        "verdict": "benign",
        "reason": "test of the bureau",
        "count": 24,
    }
    keep(site, [hit(77)])
    assert "再次" in ask("list", "--lang", "zh")[1]


def test_closing_seals_an_entry(site: Path, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    keep(site, GUESSING)
    name = document(ask("list", "--json"))[1]["alerts"][0]["id"]
    ask("close", name, "--verdict", "true_positive", "--reason", "x", "--by", "zhou")
    run(["evidence", "list", "--site", str(site), "--json"])
    entries = json.loads(capsys.readouterr().out)["entries"]
    (entry,) = [each for each in entries if each["kind"] == "detection.alert_closed/1"]
    assert (entry["data"]["verdict"], entry["data"]["events"], entry["data"]["person"]) == ("true_positive", 24, "zhou")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("close", "0000", "--verdict", "benign", "--reason", "x", "--by", "zhou"), 2),
        (("close", "NAME", "--verdict", "benign", "--reason", " ", "--by", "zhou"), 2),
        (("close", "NAME", "--verdict", "benign", "--reason", "x", "--by", "nobody"), 2),
        (("close", "NAME", "ffff", "--verdict", "benign", "--reason", "x", "--by", "zhou"), 2),
        (("close", "NAME", "--verdict", "maybe", "--reason", "x", "--by", "zhou"), 2),
        (("show", "zzz"), 2),
        (("list", "--since", "yesterday"), 2),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(site: Path, ask: Ask, words: tuple[str, ...], code: int) -> None:
    keep(site, GUESSING)
    name = document(ask("list", "--json"))[1]["alerts"][0]["id"]
    assert ask(*(name if word == "NAME" else word for word in words))[0] == code
    assert ask("list")[0] == 1


HOSTILE = "\x1b[31m=cmd|' /C calc'!A0\u202e"


def test_hostile_text_is_harmless_on_a_terminal_and_in_a_spreadsheet(site: Path, ask: Ask) -> None:
    event = {HOSTILE: HOSTILE, "long": "x" * 9999, "lines": "a\nb"}
    odd = rule(id=HOSTILE, title={"en": f"={HOSTILE}"}, runbook=HOSTILE)
    keep(site, [hit(1, of=odd, host=HOSTILE, user=HOSTILE, event=event, record=HOSTILE)])
    name = document(ask("list", "--json"))[1]["alerts"][0]["id"]
    for words in (("list",), ("show", name), ("list", "--format", "csv"), ("list", "--json"), ("show", name, "--json")):
        out = ask(*words)[1]
        assert "\x1b" not in out
        assert "\u202e" not in out
    rows = list(csv.reader(ask("list", "--format", "csv")[1].splitlines()))
    assert rows[0][0] == "id"
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert max(map(len, ask("show", name)[1].splitlines())) < 400


SUPPRESSION = """\
id: scan-of-the-bureau
reason: weekly scan
requester: chen
first_day: 2026-11-01
last_day: 2027-01-31
hosts: [web-1]
"""


def test_suppressions_are_listed_with_what_they_covered(site: Path, ask: Ask) -> None:
    assert ask("list", "--suppressions", "--lang", "en") == (0, "there are no suppressions\n")
    path = site / "rules" / "detection" / "suppressions" / "scan-of-the-bureau.yml"
    path.parent.mkdir(parents=True)
    path.write_text(SUPPRESSION)
    database = open_database(site / "var" / DATABASE)
    keep_hits(database, GUESSING, now_ms=NOW_MS, suppress=lambda _hit: "scan-of-the-bureau")
    keep_hits(database, [WORST], now_ms=NOW_MS, suppress=lambda _hit: "an-older-one")
    database.close()
    known, gone = document(ask("list", "--suppressions", "--json"))[1]["suppressions"]
    assert (known["state"], known["refusal"], known["events"]) == ("not_approved", "not approved", 24)
    assert gone == {"id": "an-older-one", "state": "gone", "events": 1, "alerts": 1}
    assert "未经批准" in ask("list", "--suppressions", "--lang", "zh")[1]
    assert ask("list")[0] == 0
    code, body = document(ask("list", "--state", "suppressed", "--json"))
    assert (code, {alert["suppression"] for alert in body["alerts"]}) == (0, {"scan-of-the-bureau", "an-older-one"})


def test_what_changed_is_sealed_and_told_once(site: Path) -> None:
    config = site / "sec-ops.yml"
    notifier = "notify:\n  notifiers:\n    - {kind: file, id: desk, path: var/told.jsonl, least: information}\n"
    config.write_text(config.read_text() + notifier + "detection: {notify: critical}\n")
    keep(site, [*GUESSING, WORST])
    opened = Site(site)
    database = open_database(site / "var" / DATABASE)
    with evidence_of(opened) as log:
        first = report_alerts(opened, database, site_suppressions(opened), log, clock=SystemClock())
        again = report_alerts(opened, database, site_suppressions(opened), log, clock=SystemClock())
    database.close()
    assert (first.sealed, first.told, again.sealed, again.told) == (2, 1, 0, 0)
    (waiting,) = (site / "var" / "notify" / "outbox").glob("*.json")
    assert json.loads(waiting.read_bytes())["notice"]["level"] == "critical"


def test_the_summary_of_the_day_is_sealed(site: Path, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    keep(site, GUESSING)
    assert ask("list", "--seal")[0] == 1
    run(["evidence", "list", "--site", str(site), "--json"])
    (entry,) = [
        each for each in json.loads(capsys.readouterr().out)["entries"] if each["kind"] == "detection.summary/1"
    ]
    assert {each["id"]: each["open"] for each in entry["data"]["systems"]}["website-group"] == 1


OUTSIDE = "57746a26-c6a3-4124-bcd5-c7947782f64f"
LOGIN = "2026-11-26T08:50:00+08:00 web-1 sshd[300]: Accepted password for root from 203.0.113.9 port 5000 ssh2\n"


def test_a_suppression_silences_runs_once_it_is_approved(
    site: Path, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = make_key(tmp_path, "zhou")
    people = site / "inventory" / "people.yml"
    public = key.with_suffix(".pub").read_text().strip()
    people.write_text(re.sub(r"ssh-ed25519 \S+ zhou@edu\.example", public, people.read_text()))
    today = SystemClock().now().date()
    path = site / "rules" / "detection" / "suppressions" / "tests-of-the-bureau.yml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f"id: tests-of-the-bureau\nreason: test\nrequester: chen\nfirst_day: {today}\n"
        f"last_day: {today + timedelta(days=30)}\nrules: [{OUTSIDE}]\naddresses: [203.0.113.0/24]\n"
    )
    log = tmp_path / "auth.log"
    log.write_text(LOGIN)

    def found() -> dict[str, int]:
        run(["detect", "run", str(log), "--site", str(site)])
        capsys.readouterr()
        body = document(ask("list", "--state", "all", "--rule", OUTSIDE, "--json"))[1]
        return {alert["state"]: alert["events"] for alert in body["alerts"]}

    assert found() == {"open": 1}
    assert run(["content", "approve", str(path), "--author", "chen", "--key", str(key), "--site", str(site)]) == 0
    capsys.readouterr()
    log.write_text(LOGIN + LOGIN.replace("300", "301"))
    assert found() == {"open": 1, "suppressed": 1}
    (listed,) = document(ask("list", "--suppressions", "--json"))[1]["suppressions"]
    assert (listed["state"], listed["approver"], listed["events"]) == ("in_force", "zhou", 1)
    run(["evidence", "list", "--site", str(site), "--json"])
    entries = json.loads(capsys.readouterr().out)["entries"]
    assert [each["data"]["change"] for each in entries if each["kind"] == "detection.suppression/1"] == ["in_force"]


def test_alerts_that_were_closed_long_ago_go_and_days_under_a_hold_stay(
    site: Path, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    before = SystemClock().now() - timedelta(days=500)
    long_ago = int(before.timestamp() * 1000)
    database = open_database(site / "var" / DATABASE)
    old = [hit(number, host=f"web-{number}", time_us=(long_ago + number) * 1000) for number in range(2)]
    keep_hits(database, old, now_ms=long_ago)
    closing = '[{"person": "chen", "at": "2020-01-01T00:00:00Z", "verdict": "benign", "reason": "x", "count": 1}]'
    with database.writing() as connection:
        connection.execute("UPDATE alerts SET sealed = 0, state = 'closed', closing = ?", (closing,))
    database.close()

    def told(*words: str) -> int:
        code, body = document(ask("retain", "--json", "--clock-is-right", *words))
        assert code == 0
        count: int = body["alerts"]
        return count

    assert ask("retain")[0] == 2
    assert told("--dry-run") == 2
    days = ["--from", str(before.date()), "--to", str(before.date())]
    where = ["--site", str(site), "--json"]
    assert run(["logs", "hold", "add", "--case", "c1", "--reason", "theft", "--by", "chen", *days, *where]) == 0
    hold = json.loads(capsys.readouterr().out)["hold"]["id"]
    assert told() == 0
    assert run(["logs", "hold", "lift", hold, "--by", "chen", "--reason", "over", *where]) == 0
    capsys.readouterr()
    assert told() == 2
    assert document(ask("list", "--state", "all", "--json"))[1]["alerts"] == []
    assert run(["evidence", "list", "--json", "--site", str(site)]) == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    assert [each["data"]["alerts"] for each in entries if each["kind"] == "detection.alerts_deleted/1"] == [2]
