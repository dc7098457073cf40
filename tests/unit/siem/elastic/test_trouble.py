"""Bad days that no real node has on demand, from a small real HTTP server; the others are in the integration tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from sec_ops.model.errors import ContentInvalid, EngineError, UsageError
from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.elastic.connecting import connect
from sec_ops.siem.elastic.names import MORE, document_id
from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.siem.elastic.writing import Pace
from sec_ops.siem.events import FieldType, FieldTypes, Row
from sec_ops.siem.query.tree import Match
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit, Request
from tests.elasticsearch.pretender import Answer, Asked, Pretender, pretending

NOW = 1_785_240_000_000_000
TYPES = FieldTypes({"message": FieldType.TEXT})
TOO_BUSY = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
UNFIT = {"type": "document_parsing_exception", "reason": "failed to parse"}


@dataclass
class Watch:
    """Time that passes by sleeping only."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def pace(self, retry_seconds: float = 60) -> Pace:
        return Pace(
            retry_seconds=retry_seconds,
            monotonic=lambda: self.now,
            uniform=lambda _low, high: high,
            sleep=self.sleep,
        )


@contextmanager
def opened(pretender: Pretender, folder: Path, pace: Pace | None = None, seconds: float = 5) -> Iterator[ElasticStore]:
    with pretending(pretender):
        settings = ElasticsearchSettings(urls=(pretender.url,), request_seconds=seconds)
        store = ElasticStore(
            client=Elasticsearch(pretender.url, max_retries=0, request_timeout=seconds),
            settings=settings,
            types=TYPES,
            folder=folder,
            clock=SystemClock(),
            pace=pace or Watch().pace(),
        )
        yield store
        store.close()


def rows(count: int, **fields: Any) -> list[Row]:
    base: dict[str, Any] = {"@timestamp": NOW, "event.ingested": NOW, "event.dataset": "sshd"}
    return [Row({**base, "message": f"m{n}", **fields}, Place("0001", 1), n) for n in range(count)]


COMMIT = Commit(stream="0001", sequence=1)


def committed(pretender: Pretender) -> bool:
    return any("-commits/_doc/" in each.path and each.method == "PUT" for each in pretender.asked)


def items(asked: Asked, refuse: dict[str, tuple[int, Any]]) -> Answer:
    def item(name: str) -> dict[str, Any]:
        if name in refuse:
            status, error = refuse[name]
            return {"index": {"status": status, "error": error}}
        return {"index": {"status": 201}}

    return 200, {"errors": True, "items": [item(name) for name, _ in asked.documents()]}


@pytest.mark.parametrize("trouble", [429, 503, None], ids=["too many requests", "unavailable", "connection cut"])
def test_a_request_that_fails_for_now_is_told_again(tmp_path: Path, trouble: int | None):
    def bulk(_asked: Asked, number: int) -> Answer:
        if number <= 3:
            return None if trouble is None else (trouble, {"error": TOO_BUSY, "status": trouble})
        return 200, {"errors": False}

    watch, pretender = Watch(), Pretender(bulk)
    with opened(pretender, tmp_path, watch.pace()) as store:
        store.append(rows(50), COMMIT)
    assert len(pretender.stored) == 50
    assert watch.pauses == [0.25, 0.5, 1.0]
    assert len({each.body for each in pretender.bulks}) == 1
    assert committed(pretender)


def test_a_connection_cut_in_the_middle_may_have_stored_everything(tmp_path: Path):
    def bulk(asked: Asked, number: int) -> Answer:
        if number == 1:
            pretender.stored.update(dict(asked.documents()[:20]))
            return None
        return 200, {"errors": False}

    pretender = Pretender(bulk)
    with opened(pretender, tmp_path) as store:
        store.append(rows(50), COMMIT)
    assert len(pretender.stored) == 50


def test_only_what_was_refused_for_now_is_told_again(tmp_path: Path):
    given = rows(50)
    busy = {document_id(given[n]): (429, TOO_BUSY) for n in (3, 7)}
    pretender = Pretender(lambda asked, number: items(asked, busy if number == 1 else {}))
    with opened(pretender, tmp_path) as store:
        store.append(given, COMMIT)
    assert [name for name, _ in pretender.bulks[1].documents()] == list(busy)
    assert len(pretender.stored) == 50


def test_one_event_of_a_thousand_is_refused_and_kept(tmp_path: Path):
    given = rows(1000)
    pretender = Pretender(lambda asked, _number: items(asked, {document_id(given[500]): (400, UNFIT)}))
    with opened(pretender, tmp_path) as store:
        store.append(given, COMMIT)
        (letter,) = store.letters.read()
        assert len(pretender.stored) == 999
        assert committed(pretender)
        assert letter.row == given[500]
        assert letter.reason == "document_parsing_exception: failed to parse"
        assert store.redeliver() == 1
        pretender.bulk = lambda _asked, _number: (200, {"errors": False})
        assert store.redeliver() == 0
        assert not store.letters.read()
        assert len(pretender.stored) == 1000


def test_many_letters_are_told_in_few_requests(tmp_path: Path):
    given = rows(300)
    pretender = Pretender(lambda asked, _number: items(asked, {document_id(row): (400, UNFIT) for row in given}))
    with opened(pretender, tmp_path) as store:
        store.append(given, COMMIT)
        assert len(store.letters.read()) == 300
        pretender.bulk = lambda asked, _number: items(asked, {document_id(given[7]): (400, UNFIT)})
        before = len(pretender.bulks)
        assert store.redeliver() == 1
        assert len(pretender.bulks) == before + 1
        assert [each.row for each in store.letters.read()] == [given[7]]


def test_a_cluster_that_stays_busy_is_an_error_and_nothing_is_acknowledged(tmp_path: Path):
    watch, pretender = Watch(), Pretender(lambda _asked, _number: (429, {"error": TOO_BUSY, "status": 429}))
    with opened(pretender, tmp_path, watch.pace(10)) as store:
        with pytest.raises(EngineError) as raised:
            store.append(rows(2), COMMIT)
        assert raised.value.why == "es_rejected_execution_exception: queue is full"
        assert not store.letters.read()
    assert not committed(pretender)
    assert 10 <= watch.now < 20


def test_an_index_that_nobody_may_write_to_is_no_fault_of_the_event(tmp_path: Path):
    blocked = {"type": "cluster_block_exception", "reason": "index read-only"}
    given = rows(2)
    pretender = Pretender(lambda asked, _number: items(asked, {document_id(row): (403, blocked) for row in given}))
    with opened(pretender, tmp_path) as store:
        with pytest.raises(EngineError, match="refuses this account"):
            store.append(given, COMMIT)
        assert not store.letters.read()


def test_a_request_too_large_is_halved_until_it_fits(tmp_path: Path):
    def bulk(asked: Asked, _number: int) -> Answer:
        return (413, {"error": {"type": "too_large", "reason": "x"}}) if len(asked.documents()) > 10 else (200, {})

    pretender = Pretender(bulk)
    with opened(pretender, tmp_path) as store:
        store.append(rows(64), COMMIT)
    assert len(pretender.stored) == 64


def test_requests_are_bounded(tmp_path: Path):
    pretender = Pretender()
    with opened(pretender, tmp_path) as store:
        store.append(rows(30, text="x" * 1_000_000), COMMIT)
    assert len(pretender.stored) == 30
    assert max(len(each.body) for each in pretender.bulks) < 18_000_000


def test_a_refused_mapping_costs_no_event(tmp_path: Path):
    def other(asked: Asked) -> Any:
        if asked.method == "PUT" and asked.path.endswith("/_mapping"):
            return 400, {"error": {"type": "illegal_argument_exception", "reason": "Limit of total fields [1000]"}}
        return NotImplemented

    pretender = Pretender(other=other)
    with opened(pretender, tmp_path) as store:
        store.append(rows(3, strange="Value"), COMMIT)
    assert all(document["strange"] == "Value" for document in pretender.stored.values())
    assert all(any(term.endswith(":value") for term in document[MORE]) for document in pretender.stored.values())


def test_an_index_taken_away_meanwhile_is_made_again(tmp_path: Path):
    gone = {"type": "index_not_found_exception", "reason": "no such index [x] and [require_alias] is true"}
    given = rows(3)

    def bulk(asked: Asked, number: int) -> Answer:
        return items(asked, {document_id(row): (404, gone) for row in given} if number == 1 else {})

    pretender = Pretender(bulk)
    with opened(pretender, tmp_path) as store:
        store.append(given, COMMIT)
    assert len(pretender.stored) == 3
    created = [each for each in pretender.asked if each.method == "PUT" and each.path.endswith("-1")]
    assert len(created) == 2


def test_a_slow_server_is_given_up_at_the_deadline(tmp_path: Path):
    def other(asked: Asked) -> Any:
        if asked.path.endswith("/_search"):
            time.sleep(0.6)
        return NotImplemented

    late = pytest.raises(EngineError, match="did not answer within its deadline")
    with opened(Pretender(other=other), tmp_path, seconds=0.3) as store, late:
        store.count(Request())


def test_part_of_the_data_missing_is_never_a_count(tmp_path: Path):
    def other(asked: Asked) -> Any:
        if asked.path.endswith("/_search"):
            reason = {"type": "no_shard_available_action_exception", "reason": "no shard"}
            failed = [{"shard": 0, "reason": reason}]
            error = {"type": "search_phase_execution_exception", "reason": "shards", "failed_shards": failed}
            return 503, {"error": error, "status": 503}
        return NotImplemented

    with opened(Pretender(other=other), tmp_path) as store:
        with pytest.raises(EngineError, match="not available now") as raised:
            store.count(Request())
        assert raised.value.why == "no_shard_available_action_exception: no shard"


def test_a_search_for_too_many_terms_is_refused_with_the_reason(tmp_path: Path):
    def other(asked: Asked) -> Any:
        if asked.path.endswith("/_search"):
            cause = {"type": "too_many_clauses", "reason": "maxClauseCount is set to 1024"}
            return 400, {"error": {"type": "search_phase_execution_exception", "caused_by": cause}, "status": 400}
        return NotImplemented

    with opened(Pretender(other=other), tmp_path) as store, pytest.raises(UsageError, match="too many terms"):
        store.count(Request(query=Match("message", ("x",))))


def test_where_delete_by_query_is_missing_documents_go_one_by_one(tmp_path: Path):
    pages = [[{"_index": "i", "_id": str(n)} for n in range(3)], []]

    def other(asked: Asked) -> Any:
        if asked.path.endswith("/_delete_by_query"):
            return 405, {"error": "Incorrect HTTP method for uri [/x/_delete_by_query], allowed: [POST]", "status": 405}
        if asked.path.endswith("/_search"):
            return 200, {"hits": {"hits": pages.pop(0)}}
        if "/_doc/" in asked.path and asked.method == "GET":
            return 200, {"_source": {"stream": "0001", "sequence": 1, "pending": "{}"}}
        return NotImplemented

    pretender = Pretender(other=other)
    with opened(pretender, tmp_path) as store:
        store.append(rows(1), Commit(stream="0001", sequence=2))
    deleted = [each for each in pretender.bulks if b'"delete"' in each.body]
    assert len(deleted) == 1
    assert not pages


@pytest.mark.parametrize(
    ("pretender", "error", "words"),
    [
        (Pretender(product="OpenSearch"), EngineError, "not Elasticsearch"),
        (Pretender(version="7.17.1"), ContentInvalid, "too old"),
        (Pretender(other=lambda _asked: (401, {"error": {"type": "security_exception"}})), EngineError, "refuses"),
        (Pretender(other=lambda _asked: None), EngineError, "can't be reached"),
    ],
)
def test_who_answers(pretender: Pretender, error: type[Exception], words: str, tmp_path: Path):
    with pretending(pretender):
        settings = ElasticsearchSettings(urls=(pretender.url,))
        with pytest.raises(error, match=words):
            connect(settings, tmp_path, lambda _reference: pytest.fail("no secret is asked for"))


def test_nobody_answers(tmp_path: Path):
    with pretending(pretender := Pretender()):
        settings = ElasticsearchSettings(urls=(pretender.url,))
    with pytest.raises(EngineError, match="can't be reached"):
        connect(settings, tmp_path, lambda _reference: pytest.fail("no secret is asked for"))
