"""Random searches of random events on a real Elasticsearch: it agrees with the evaluator, or says why it can't."""

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sec_ops.model.errors import UsageError
from sec_ops.model.folding import fold
from sec_ops.siem.elastic.names import events_indices
from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.siem.events import RECORD, Event, FieldType, FieldTypes, Row, Scalar
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.query.tree import ANY, ONE, And, Bound, Exists, Match, Not, Query, Range
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit, Request
from tests.elasticsearch.fixtures import MakeElasticStore
from tests.elasticsearch.node import Node
from tests.strategies import search

pytestmark = pytest.mark.heavy
STARTED = 1_785_240_000_000_000


def stored(store: ElasticStore, events: list[Event]) -> dict[str, Event]:
    place = Place("0001", 1)
    store.append([Row(event, place, index) for index, event in enumerate(events)], Commit(stream="0001", sequence=1))
    assert not store.letters.read()
    return {str(event[RECORD]): event for event in store.search(Request(limit=None))}


def found(store: ElasticStore, query: Query) -> set[str]:
    return {str(event[RECORD]) for event in store.search(Request(query=query, limit=None, fields=(RECORD,)))}


class Refused(Exception):
    """The store said that it can't have `?` there; any other refusal is a failure."""


def agrees(store: ElasticStore, kept: dict[str, Event], query: Query) -> None:
    expected = {name for name, event in kept.items() if evaluate(query, event, store.types)}
    try:
        answer = found(store, query)
    except UsageError as error:
        if "in text, ? stands between" in str(error.what):
            raise Refused from error
        raise
    assert answer == expected, query
    assert store.count(Request(query=query)) == len(expected)


@pytest.fixture(scope="module")
def corpus(
    elastic_node: Node, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ElasticStore, dict[str, Event]]]:
    make = MakeElasticStore(elastic_node, "tsearch", tmp_path_factory.mktemp("search"))
    events = search.corpus()

    @settings(max_examples=60, database=None, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        events.append(data.draw(search.events()))

    draw()
    store = make(search.TYPES)
    yield store, stored(store, events)
    make.remove()


def test_it_agrees_or_refuses(corpus: tuple[ElasticStore, dict[str, Event]]):
    store, kept = corpus
    answered: list[bool] = []

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(search.queries())
    def ask(query: Query) -> None:
        try:
            agrees(store, kept, query)
        except Refused:
            answered.append(False)
        else:
            answered.append(True)

    ask()
    assert sum(answered) > len(answered) / 2


LONG = "A" * 40_000
SPECIAL: dict[str, str | list[Scalar]] = {
    "long end": LONG + "needle",
    "long other": LONG + "Needles",
    "just fits": "b" * 8_191,
    "just not": "b" * 8_192,
    "wide": "\U00010400" * 5_000,
    "twice": ["short", LONG + "listed"],
}


@pytest.mark.parametrize(
    "query",
    [
        Match("k", (LONG + "NEEDLE",)),
        Match("k", (LONG,)),
        Match("k", (ANY, "needle")),
        Match("k", (ANY, "needle", ANY)),
        Match("k", ("aaa", ANY)),
        Match("k", ("aaa", ANY, "eed", ANY, "s")),
        Match("k", (ANY, "ee", ONE, "le")),
        Match("k", ("b" * 8_191,)),
        Match("k", ("B" * 8_192,)),
        Match("k", ("\U00010428", ANY)),
        Match("k", ("\U00010428" * 5_000,)),
        Match("k", ("short",)),
        Match("k", (ANY, "listed")),
        Match("k", ("a" * 40_000, "listed")),
        Exists("k"),
        Not(Exists("k")),
        Range("k", Bound("a", closed=True), Bound("b", closed=True)),
        Range("k", Bound("a" * 900, closed=False), None),
        Range("k", None, Bound("b" * 850, closed=True)),
        And((Match("k", (ANY, "needle")), Not(Match("k", (ANY, "s"))))),
    ],
    ids=lambda query: str(query)[:60],
)
def test_long_values(corpus_of_long: tuple[ElasticStore, dict[str, Event]], query: Query):
    agrees(*corpus_of_long, query)


@pytest.fixture(scope="module")
def corpus_of_long(
    elastic_node: Node, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ElasticStore, dict[str, Event]]]:
    make = MakeElasticStore(elastic_node, "tlong", tmp_path_factory.mktemp("long"))
    store = make(FieldTypes())
    events: list[Event] = [{"@timestamp": STARTED, "k": value} for value in SPECIAL.values()]
    events += [{"@timestamp": STARTED, "other": value} for value in SPECIAL.values()]
    yield store, stored(store, events)
    make.remove()


def test_a_long_value_is_not_found_under_another_field(corpus_of_long: tuple[ElasticStore, dict[str, Event]]):
    store, kept = corpus_of_long
    agrees(store, kept, Match("nowhere", (ANY, "needle")))
    with pytest.raises(UsageError, match="too long to be counted"):
        store.top(Request(), "k")
    with pytest.raises(UsageError, match="no order"):
        list(store.search(Request(sort="k")))


def test_every_character_folds_as_the_language_says(make_elastic_store: MakeElasticStore):
    cased = [chr(code) for code in range(0x1FFFF) if not 0xD800 <= code < 0xE000 and fold(chr(code)) != chr(code)]
    store = make_elastic_store(FieldTypes({"text": FieldType.TEXT}))
    store.append(
        [
            Row({"@timestamp": STARTED, "keyword": each, "text": f"x{each}y"}, Place("0001", 1), index)
            for index, each in enumerate(cased)
        ],
        Commit(stream="0001", sequence=1),
    )
    for start in range(0, len(cased), 100):
        for each in cased[start : start + 3]:
            assert store.count(Request(query=Match("keyword", (each,)))) >= 1, hex(ord(each))
            assert store.count(Request(query=Match("text", ("X", each, "Y")))) >= 1, hex(ord(each))
    folded = {fold(each) for each in cased}
    terms = store.client.search(
        index=events_indices(store.settings.prefix),
        size=0,
        runtime_mappings=None,
        query={"terms": {"keyword": sorted(folded)}},
        track_total_hits=True,
    )
    assert terms["hits"]["total"]["value"] == len(cased)


def test_columns_past_the_bound_are_found_all_the_same(make_elastic_store: MakeElasticStore):
    store = make_elastic_store(FieldTypes())
    store._columns.bound = 40
    events: list[Event] = [
        {
            "@timestamp": STARTED,
            f"field.n{n}": f"Value {n}",
            f"FIELD.n{n}": "twin",
            "a": "1",
            "a.b": "2",
            "a.b.c": ["3", "x"],
        }
        for n in range(60)
    ]
    kept = stored(store, events)
    assert sorted(map(str, kept.values())) == sorted(
        str({**kept[name], **events[int(name.split("/")[2])]}) for name in kept
    )
    for n in (0, 20, 45, 59):
        agrees(store, kept, Match(f"field.n{n}", ("VALUE ", ANY)))
        agrees(store, kept, Match(f"FIELD.n{n}", ("twin",)))
        agrees(store, kept, Match(f"field.n{n}", ("twin",)))
        agrees(store, kept, Exists(f"field.n{n}"))
        agrees(store, kept, Range(f"field.n{n}", Bound("value 1", closed=True), Bound("value 5", closed=True)))
        assert [(each.key, each.count) for each in store.top(Request(), f"field.n{n}")] == [(f"Value {n}", 1)]
    agrees(store, kept, Match("a.b.c", ("X",)))
    assert store.overflowing() == [kept[next(iter(kept))]["event.dataset"]]
    properties = store.client.indices.get_mapping(index=events_indices(store.settings.prefix))
    assert all(len(each["mappings"]["properties"]) < 80 for each in properties.values())


@pytest.mark.parametrize(
    "query",
    [
        Match("k", ("a" * 2_000, ANY, "b")),
        Match("k", (*(part for n in range(300) for part in (f"a{n}", ANY)), "z")),
        Range("k", Bound("a" * 901, closed=True), None),
        Match("text", ("x" * 9_000,)),
        Match("text", ("x", ANY, "\ufdd0")),
    ],
    ids=lambda query: str(query)[:40],
)
def test_what_is_too_much_is_refused_or_answered(make_elastic_store: MakeElasticStore, query: Query):
    store = make_elastic_store(FieldTypes({"text": FieldType.TEXT}))
    stored(store, [{"@timestamp": STARTED, "k": "a" * 2_000 + "cb", "text": "x"}])
    with contextlib.suppress(UsageError):
        assert store.count(Request(query=query)) == (1 if query == Match("k", ("a" * 2_000, ANY, "b")) else 0)


def test_parts_of_a_pattern_share_no_character(make_elastic_store: MakeElasticStore):
    store = make_elastic_store(FieldTypes({"text": FieldType.TEXT}))
    texts: list[str | list[Scalar]] = [
        "abcde",
        "abccde",
        "abc",
        "cab",
        "aa",
        "a",
        "aba",
        "xabca",
        "失败",
        "失失败",
        ["abc", "cde"],
    ]
    kept = stored(store, [{"@timestamp": STARTED, "text": text} for text in texts])
    for pattern in (
        ("abc", ANY, "cde"),
        ("ab", ANY, "b"),
        ("a", ANY, "a"),
        ("ab", ANY, "ba"),
        ("失", ANY, "失败"),
        ("bc", ANY, "c"),
        ("a", ONE, "c"),
        ("a", ONE, "a"),
        ("ab", ONE, "d"),
    ):
        agrees(store, kept, Match("text", pattern))
