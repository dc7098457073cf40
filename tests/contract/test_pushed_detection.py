"""Detection pushed to a real Elasticsearch: the alerts of the embedded path, in one run or many, also across a kill."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sec_ops.cli.main import run
from sec_ops.content.library import Library
from sec_ops.detection.database import Database, open_database
from sec_ops.detection.library.loading import load_rules
from sec_ops.detection.rule import Level
from sec_ops.detection.run.choosing import choose
from sec_ops.detection.run.gathering import Span
from sec_ops.detection.sigma.reading import RuleText, read_rules
from sec_ops.siem.elastic.letters import Letter
from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import RECORD, TIME, Event, Row
from sec_ops.siem.query import tree
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.storing import Commit, Request
from sec_ops.workflows.elastic_detection import judge_new, judge_span, push
from tests.contract.event_stores import FixedClock
from tests.contract.pushed_detection import MINUTE_US, NOON_US, RULES, alerts, batch, embedded, events, setting, types
from tests.elasticsearch.fixtures import MakeElasticStore
from tests.elasticsearch.node import PASSWORD, Node
from tests.unit.detection.library.rules import put

pytestmark = pytest.mark.heavy


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(tmp_path / "detection.db")) as opened:
        yield opened


@pytest.fixture
def store(make_elastic_store: MakeElasticStore) -> ElasticStore:
    return make_elastic_store(types(), clock=FixedClock())


def expected(some: list[Event], folder: Path) -> dict[str, tuple[str, int]]:
    """Return the alerts over what the embedded store gives back of the same events."""
    with closing(EmbeddedStore(folder / "logs", types=types(), clock=FixedClock())) as own:
        own.append(batch(some, 1), Commit(stream="0001", sequence=1))
        return embedded(own.search(Request(limit=None)), folder)


def test_the_alerts_of_the_embedded_path(store: ElasticStore, database: Database, tmp_path: Path):
    store.append(batch(events(), 1), Commit(stream="0001", sequence=1))
    judged = judge_new(store, setting(), database)
    wanted = expected(events(), tmp_path)
    assert alerts(database) == wanted
    assert len({rule for rule, _ in wanted.values()}) == 5
    assert judged.findings.events < len(events()) + 1
    again = judge_new(store, setting(), database)
    assert again.findings.events == 0
    assert alerts(database) == wanted


def test_runs_between_batches_of_several_writers(
    make_elastic_store: MakeElasticStore, database: Database, tmp_path: Path
):
    writer, reader = (make_elastic_store(types(), clock=FixedClock()) for _ in range(2))
    everything = events()
    for number, begin in enumerate(range(0, len(everything), 7)):
        some = everything[begin : begin + 7]
        stream = f"000{number % 2}"
        writer.append(batch(some, number + 1, stream=stream), Commit(stream=stream, sequence=number + 1))
        judge_new(reader, setting(max(int(str(each[TIME])) for each in some)), database)
    counted = sorted(told for told in alerts(database).values())
    assert counted == sorted(told for told in expected(everything, tmp_path).values())


def test_a_source_that_falls_silent_and_a_letter_told_again(store: ElasticStore, database: Database):
    some = [each for each in events() if each.get("user.name") == "Root"]
    store.append(batch([], 3), Commit(stream="0001", sequence=3, pending={"a": b"held"}))
    judge_new(store, setting(), database)
    store.append(batch(some, 3), Commit(stream="0001", sequence=3, pending={"a": b""}))
    judge_new(store, setting(), database)
    assert sorted(count for _, count in alerts(database).values()) == [1]
    letter = batch([{**some[0], "host.name": "web-2"}], 4)
    store.append([], Commit(stream="0001", sequence=4))
    judge_new(store, setting(), database)
    store.letters.add([_letter(letter)])
    assert store.redeliver() == 0
    judge_new(store, setting(), database)
    assert sorted(count for _, count in alerts(database).values()) == [1, 1]


def _letter(rows: list[Row]) -> Letter:
    return Letter(row=rows[0], writer="0001", told=2, reason="mapping", at="2026-07-28T20:00:00Z")


def test_a_span(store: ElasticStore, database: Database, tmp_path: Path):
    store.append(batch(events(), 1), Commit(stream="0001", sequence=1))
    whole = judge_span(store, setting(), Span(since_us=NOON_US, until_us=NOON_US + 60 * MINUTE_US), database)
    assert alerts(database) == expected(events(), tmp_path)
    half = judge_span(store, setting(), Span(since_us=NOON_US + 20 * MINUTE_US), None)
    assert 0 < half.findings.events < whole.findings.events


def test_all_shipped_rules_are_asked_in_queries_the_server_takes(store: ElasticStore, database: Database):
    store.append(batch(events(), 1), Commit(stream="0001", sequence=1))
    rules = load_rules(Library.open(None))
    own = replace(setting(), chosen=choose(rules.rules, rules.correlations, Level.INFORMATIONAL))
    judged = judge_new(store, own, database)
    assert judged.pushing.exact + judged.pushing.wider + len(judged.pushing.silent) == len(rules.rules)


def test_a_rule_of_thousands_of_values(store: ElasticStore, database: Database):
    values = "".join(f"\n      - '{number:064x}'" for number in range(10_000))
    text = f"""\
title: Hashes
id: 00000000-0000-4000-8000-0000000000aa
level: high
logsource: {{product: linux, service: sshd}}
detection:
  selection:
    file.hash.sha256:{values}
  condition: selection
"""
    read = read_rules([RuleText(path="hashes.yml", data=text.encode())], {})
    some = [{**events()[0], "file.hash.sha256": f"{number:064X}"} for number in (7, 50_000)]
    store.append(batch(some, 1), Commit(stream="0001", sequence=1))
    own = replace(setting(), chosen=choose(read.rules, (), Level.INFORMATIONAL))
    assert push(own, store).wider == 1
    judge_new(store, own, database)
    assert [count for _, count in alerts(database).values()] == [1]


LONG = "A" * 40_000


@pytest.mark.parametrize(
    "query",
    [
        tree.Match("k", (tree.ANY, "x", tree.ANY)),
        tree.Not(tree.Match("k", (tree.ANY, "x", tree.ANY))),
        tree.Match("k", (tree.ANY, "y")),
        tree.Not(tree.Or((tree.Match("k", (tree.ANY, "y")), tree.Match("k", ("short",))))),
        tree.Match("k", (LONG + "x",)),
        tree.Not(tree.Match("other", (tree.ANY, "x"))),
    ],
)
def test_what_is_fetched_lacks_nothing(store: ElasticStore, query: tree.Query):
    values: list[Any] = ["short", "an x", LONG + "x", LONG + "y", [LONG, "x"], ""]
    some: list[Event] = [{**events()[0], "k": value} for value in values]
    store.append(batch(some, 1), Commit(stream="0001", sequence=1))
    fetched = {str(event[RECORD]) for event in store.between([query], None, None)}
    kept = list(store.search(Request(limit=None)))
    assert len(kept) == len(some)
    assert {str(event[RECORD]) for event in kept if evaluate(query, event, store.types)} <= fetched


def test_how_many_parts_the_server_takes(store: ElasticStore):
    store.append(batch(events(), 1), Commit(stream="0001", sequence=1))
    bound = store.parts_bound()
    assert bound >= 900
    many = tree.Or(tuple(tree.Match("host.name", (f"h{number}",)) for number in range(bound // 2 - 1)))
    assert list(store.between([many], None, None)) == []


def test_the_command(elastic_node: Node, elastic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    monkeypatch.setenv("ELASTIC_PASSWORD", PASSWORD)
    cluster = {
        "urls": [elastic_node.url],
        "prefix": elastic_prefix,
        "ca": str(elastic_node.authority),
        "user": "elastic",
        "password": {"env": "ELASTIC_PASSWORD"},
    }
    configuration = yaml.safe_load((root / "sec-ops.yml").read_text(encoding="utf-8"))
    settled = {
        **configuration,
        "logs": {"store": "elasticsearch", "elasticsearch": cluster},
        "detection": {"live": False},
    }
    (root / "sec-ops.yml").write_text(yaml.safe_dump(settled, allow_unicode=True), encoding="utf-8")
    put(root, "rules/detection/own/rules.yml", RULES)
    log = tmp_path / "auth.log"
    failed = "Nov 26 0{at}:00:0{n} web-1 sshd[{n}]: Failed password for root from 192.0.2.9 port 50022 ssh2"
    log.write_text("\n".join(failed.format(at=1, n=number) for number in range(9)) + "\n", encoding="utf-8")
    assert run(["--site", str(root), "logs", "import", str(log)]) == 0
    capsys.readouterr()
    where = ["--site", str(root), "detect", "run", "--store", "elastic"]
    assert run([*where, "--json"]) == 1
    first = json.loads(capsys.readouterr().out)
    assert first["alerts"]
    assert first["store"]["fetched"] == 9
    assert run([*where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["store"] == {**first["store"], "fetched": 0, "streams": 0}
    assert run([*where, "--since", "2000-01-01", "--no-keep", "--json"]) == 1
    again = json.loads(capsys.readouterr().out)
    assert {each["id"] for each in again["alerts"]} == {each["id"] for each in first["alerts"]}
    assert run(["--site", str(root), "detect", "list", "--coverage", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["can_fire"] > 0
