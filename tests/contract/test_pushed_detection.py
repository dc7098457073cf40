"""Detection pushed to a real Elasticsearch: the alerts of the embedded path, in one run or many, also across a kill."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

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
from sec_ops.siem.events import TIME, Event, Row
from sec_ops.siem.storing import Commit, Request
from sec_ops.workflows.elastic_detection import judge_new, judge_span, push
from tests.contract.event_stores import FixedClock
from tests.contract.pushed_detection import MINUTE_US, NOON_US, alerts, batch, embedded, events, setting, types
from tests.elasticsearch.fixtures import MakeElasticStore

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
    values = "".join(f"\n      - '{number:064x}'" for number in range(3_000))
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
    some = [{**events()[0], "file.hash.sha256": f"{number:064X}"} for number in (7, 5_000)]
    store.append(batch(some, 1), Commit(stream="0001", sequence=1))
    own = replace(setting(), chosen=choose(read.rules, (), Level.INFORMATIONAL))
    assert push(own, store).wider == 1
    judge_new(store, own, database)
    assert [count for _, count in alerts(database).values()] == [1]
