"""`detect explain` and `alerts explain` as an analyst calls them."""

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from sec_ops.content.library import Library
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.database import DATABASE, open_database
from sec_ops.detection.events import Entity, FlatEvent, Occurrence
from sec_ops.detection.explaining.choosing import chosen_rule
from sec_ops.detection.hits import Hit
from sec_ops.detection.library.loading import RuleLibrary, load_rules
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import TIME
from sec_ops.siem.storing import Commit
from tests.contract.event_stores import TYPES, rows
from tests.unit.detection.alerts.makers import NOON_US, NOW_MS

GOLDEN = Path(__file__).parent / "golden"
CREATED = "926650aa-1488-4333-90f6-37b9e79454ee"
GUESSING = "SSH Password Guessing From One Address"
EVENT: dict[str, Any] = {
    "event.dataset": "accounts",
    "event.action": "user_added",
    "event.outcome": "success",
    "accounts.shell": "/bin/sh",
    "user.target.name": "support",
    "host.name": "student-db-1",
}
Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    capsys.readouterr()
    return root


@pytest.fixture
def ask(site: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*words: str) -> tuple[int, str]:
        code = run([*words, "--site", str(site)])
        out, err = capsys.readouterr()
        return code, out + err

    return asked


@pytest.fixture(scope="module")
def library() -> RuleLibrary:
    return load_rules(Library.open(None))


def keep(site: Path, rule: Rule | Correlation, *events: FlatEvent, count: int = 1) -> str:
    occurrences = tuple(
        Occurrence(
            event=event,
            shape="ecs",
            record=f"linux/7/{number}",
            time_us=NOON_US + number,
            entity=Entity(host="student-db-1"),
        )
        for number, event in enumerate(events)
    )
    database = open_database(site / "var" / DATABASE)
    hits = [Hit(rule=rule, occurrences=occurrences, count=count)]
    (name,) = keep_hits(database, hits, now_ms=NOW_MS).opened
    database.close()
    return name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_texts_in_both_languages(site: Path, ask: Ask, library: RuleLibrary, language: str) -> None:
    found = ask("detect", "explain", CREATED, json.dumps(EVENT), "--lang", language)
    missed = ask("detect", "explain", CREATED, json.dumps(EVENT | {"event.outcome": None}), "--lang", language)
    cannot = ask("detect", "explain", CREATED, '{"a": 1}', "--lang", language)
    name = keep(site, chosen_rule(library, CREATED), EVENT)
    alert = ask("alerts", "explain", name, "--lang", language)
    assert [found[0], missed[0], cannot[0], alert[0]] == [0, 0, 0, 0]
    golden = (GOLDEN / f"explain.{language}.txt").read_text()
    assert "\n".join([found[1], missed[1], cannot[1], alert[1]]) == golden


def test_ways_to_give_an_event(site: Path, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, lines = tmp_path / "event.json", tmp_path / "events.jsonl"
    whole.write_text(json.dumps(EVENT, indent=2))
    lines.write_text('{"event.dataset": "accounts"}\n' + json.dumps(EVENT) + "\n")
    store = EmbeddedStore(site / "var" / "logs", types=TYPES, clock=SystemClock())
    store.append(rows([EVENT | {TIME: NOON_US}], stream="linux", sequence=7), Commit(stream="linux", sequence=7))
    store.close()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(EVENT).encode())))
    for given in (json.dumps(EVENT), str(whole), f"{lines}:2", "-", "linux/7/0"):
        code, out = ask("detect", "explain", CREATED, given, "--json")
        body = json.loads(out)
        assert (code, body["schema"], body["found"]) == (0, "sec-ops/detect-explain", True), given
    assert json.loads(ask("detect", "explain", CREATED, str(lines), "--json")[1])["found"] is False


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere.json", "no event nowhere.json"),
        ("linux/9/9", "no event linux/9/9"),
        ("{broken", "not JSON"),
        ("LINES:9", "has no line 9"),
        ("LIST", "is a JSON object"),
    ],
)
def test_what_is_no_event(ask: Ask, tmp_path: Path, given: str, said: str) -> None:
    (tmp_path / "lines.jsonl").write_text("{}\n")
    (tmp_path / "list.json").write_text("[1]")
    given = given.replace("LINES", f"{tmp_path}/lines.jsonl").replace("LIST", f"{tmp_path}/list.json")
    code, out = ask("detect", "explain", CREATED, given, "--lang", "en")
    assert code == 2
    assert said in out


def test_a_rule_file_and_a_rule_nobody_has(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text(
        "title: Own\nid: 5f5d7e2b-6a53-4b8e-9d6e-1a6a4e6f7c10\nlogsource: {product: linux, service: accounts}\n"
        "detection: {a: {event.action: user_added}, condition: a}\n"
    )
    assert json.loads(ask("detect", "explain", str(file), json.dumps(EVENT), "--json")[1])["found"]
    file.write_text("title: Own\ndetection: {}\n")
    assert ask("detect", "explain", str(file), json.dumps(EVENT))[0] == 2
    assert ask("detect", "explain", "no such rule", json.dumps(EVENT))[0] == 2


def test_a_correlation_is_explained_by_its_rules(site: Path, ask: Ask, library: RuleLibrary) -> None:
    login = {"event.dataset": "sshd", "event.action": "ssh_login", "event.outcome": "failure", "source.ip": "10.0.0.9"}
    out = ask("detect", "explain", GUESSING, json.dumps(login), "--lang", "en")[1]
    assert "a correlation: it counts" in out
    assert "the rule finds this event" in out
    name = keep(site, chosen_rule(library, GUESSING), login, login, count=9)
    out = ask("alerts", "explain", name, "--lang", "en")[1]
    assert "a correlation: events at least" in out
    assert "found by the rule: 2" in out


def test_an_event_that_was_cut_is_taken_from_the_store(site: Path, ask: Ask, library: RuleLibrary) -> None:
    long = EVENT | {"message": "x" * 5000}
    name = keep(site, chosen_rule(library, CREATED), long)
    assert "was cut when it was kept" in ask("alerts", "explain", name, "--lang", "en")[1]
    store = EmbeddedStore(site / "var" / "logs", types=TYPES, clock=SystemClock())
    store.append(rows([long | {TIME: NOON_US}], stream="linux", sequence=7), Commit(stream="linux", sequence=7))
    store.close()
    assert "was cut" not in ask("alerts", "explain", name, "--lang", "en")[1]


def test_a_rule_that_changed_or_went_is_told(site: Path, ask: Ask, library: RuleLibrary) -> None:
    rule = chosen_rule(library, CREATED)
    changed = keep(site, replace(rule, header=replace(rule.header, digest="0" * 64)), EVENT)
    assert "was changed since" in ask("alerts", "explain", changed, "--lang", "en")[1]
    gone = keep(site, replace(rule, header=replace(rule.header, id="gone")), EVENT)
    code, out = ask("alerts", "explain", gone, "--lang", "en")
    assert code == 2
    assert "not there any more" in out
    assert ask("alerts", "explain", changed, "--record", "linux/9/9")[0] == 2


HOSTILE = "\x1b[2J\u202e=cmd"


def test_hostile_values_are_harmless(site: Path, ask: Ask, library: RuleLibrary) -> None:
    event = EVENT | {"accounts.shell": HOSTILE * 2000, "event.action": "user_added", HOSTILE: HOSTILE}
    name = keep(site, chosen_rule(library, CREATED), event)
    for words in (("alerts", "explain", name), ("detect", "explain", CREATED, json.dumps(event))):
        for form in ((), ("--json",)):
            out = ask(*words, *form)[1]
            assert "\x1b" not in out
            assert "\u202e" not in out
        assert max(map(len, ask(*words)[1].splitlines())) < 1000


@pytest.fixture(autouse=True)
def _no_site_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)
