"""Hunting finds what the matcher finds in the same events, and what the reference evaluator says of them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.content.library import Library
from sec_ops.detection.hits import Hit
from sec_ops.detection.mapping.mapped import CannotFire, event_fields, mapped
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import (
    ANY_MANY,
    KEYWORD,
    Aggregate,
    All,
    AnyOf,
    Correlation,
    Exists,
    Expression,
    Glob,
    Header,
    Level,
    LogSource,
    Not,
    Null,
    Reference,
    Regex,
    Rule,
    Test,
    TimePart,
)
from sec_ops.detection.run.choosing import choose
from sec_ops.detection.run.detection import Detection, Setting
from sec_ops.detection.run.findings import Findings
from sec_ops.detection.run.gathering import Span
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, TIME
from sec_ops.siem.storing import Commit, Request
from sec_ops.workflows import hunt as workflow
from sec_ops.workflows.hunt import hunt
from tests.contract.event_stores import NOON, TYPES, FixedClock, rows
from tests.strategies.detection import FIELDS, expressions, texts

ZONE = ZoneInfo("Asia/Shanghai")
SHAPES = load_shapes(Library.open(None))
ECS = next(shape for shape in SHAPES if shape.id == "ecs")
BARE = LogSource("", "windows", "")


def rule(name: str, condition: Expression) -> Rule:
    header = Header(id=name, name=name, title={"en": name}, level=Level.LOW)
    return Rule(header=header, source=BARE, condition=condition)


def setting(rules: Sequence[Rule]) -> Setting:
    return Setting(
        chosen=choose(rules, (), Level.INFORMATIONAL),
        refused=(),
        shapes=SHAPES,
        zone=ZONE,
        suppress=lambda _hit: "",
        now_ms=NOON // 1000,
    )


def stored(folder: Path, events: Sequence[Mapping[str, Any]]) -> EmbeddedStore:
    store = EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom)
    half = len(events) // 2
    for sequence, batch in enumerate((events[:half], events[half:]), 1):
        store.append(rows(batch, sequence=sequence), Commit(stream="1", sequence=sequence))
    return store


def hunted(store: EmbeddedStore, rules: Sequence[Rule], span: Span) -> Findings:
    return hunt(store, setting(rules), span, site=None, progress=lambda _name, _events: None)


def by_reference(events: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> dict[str, int]:
    counts = {}
    for each in rules:
        expression = mapped(each, ECS)
        assert not isinstance(expression, CannotFire)
        counts[each.header.id] = sum(finds(expression, event, ZONE) for event in events)
    return {name: count for name, count in counts.items() if count}


NAMES = [event_fields(rule("any", All(())), ECS, name)[0] for name in FIELDS]
EVENTS = st.lists(
    st.fixed_dictionaries(
        {DATASET: st.sampled_from(["windows", "windows", "windows", "sshd"])},
        optional={
            TIME: st.integers(NOON, NOON + 20),
            "source.port": st.integers(0, 3),
            "process.elevated": st.booleans(),
            **{name: texts | st.lists(texts, min_size=1, max_size=2) for name in NAMES},
        },
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(EVENTS, st.lists(expressions, min_size=1, max_size=5), st.sampled_from([1, 3, 1_000_000]), st.booleans())
def test_hunting_agrees_with_the_reference_and_with_a_run(
    events: list[dict[str, Any]], found: list[Expression], share: int, half: bool
):
    rules = [rule(f"rule {number}", each) for number, each in enumerate(found)]
    span = Span(since_us=NOON + 10) if half else Span()
    workflow._WHOLE_SHARE, before = share, workflow._WHOLE_SHARE  # type: ignore[misc]
    try:
        with TemporaryDirectory() as folder:
            store = stored(Path(folder), events)
            kept = list(store.search(Request(since_us=span.since_us, limit=None)))
            by_columns = hunted(store, rules, span)
            store.close()
    finally:
        workflow._WHOLE_SHARE = before  # type: ignore[misc]
    with Detection(setting(rules), Span()) as detection:
        detection.judge(kept, str)
        one_by_one = detection.findings(None)
    expected = by_reference(kept, rules)
    assert by_columns.hits == expected
    assert one_by_one.hits == expected
    assert by_columns.events == len(kept)
    assert by_columns.alerts == one_by_one.alerts


WEIGHED = event_fields(rule("any", All(())), ECS, "Zahl")[0]
GUESSED = Test("CommandLine", Glob((ANY_MANY, "guess", ANY_MANY)))


def test_alerts_are_those_of_whole_events_though_few_fields_are_read(tmp_path: Path):
    command, user = (event_fields(rule("any", All(())), ECS, each)[0] for each in ("CommandLine", "User"))
    events: list[dict[str, Any]] = [
        {
            DATASET: "windows",
            TIME: NOON + n,
            command: f"guess {n % 2}",
            user: f"u{n % 3}",
            "host.name": "h",
            WEIGHED: str(n % 4),
        }
        for n in range(24)
    ]
    guess = rule("guess", GUESSED)
    header = replace(guess.header, alert_by=("User",))
    many = Correlation(
        header=Header(id="many", name="many", title={"en": "many"}, level=Level.HIGH, alert_by=("CommandLine",)),
        aggregate=Aggregate.VALUE_COUNT,
        rules=("guess",),
        span_s=60,
        group_by=("CommandLine",),
        fields=("Zahl",),
        threshold=2,
    )
    made = setting([replace(guess, header=header)])
    made = replace(made, chosen=choose(made.chosen.rules, [many], Level.INFORMATIONAL), suppress=unwanted)
    store = stored(tmp_path, events)
    found = [
        hunt(store, replace(made, suppress_reads=reads), Span(), site=None, progress=lambda _name, _events: None)
        for reads in (None, frozenset({WEIGHED}))
    ]
    store.close()
    with Detection(made, Span()) as detection:
        detection.judge(list(events_with_records(events)), lambda place: f"1/{1 + place // 12}/{place % 12}")
        found.append(detection.findings(None))
    assert {len(each.alerts) for each in found} == {5}
    assert found[0].alerts == found[1].alerts
    assert {(each.id, each.count) for each in found[0].alerts} == {(each.id, each.count) for each in found[2].alerts}
    assert [each.suppressed for each in found] == [{"of-threes": 6}] * 3


def unwanted(hit: Hit) -> str:
    return "of-threes" if hit.occurrences[-1].event.get(WEIGHED) == "3" and hit.rule.header.id == "guess" else ""


def events_with_records(events: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    half = len(events) // 2
    for sequence, batch in enumerate((events[:half], events[half:]), 1):
        yield from (row.event for row in rows(batch, sequence=sequence))


IMAGE, USER = NAMES[0], NAMES[2]
ODD: list[dict[str, Any]] = [
    {DATASET: "windows", IMAGE: "cmd.exe", USER: "cmd.exe"},
    {DATASET: "windows", IMAGE: "cmd.exe", USER: ["li", "wang"], "message": "lsadump::sam"},
    {DATASET: "windows", USER: "li", "source.port": 4022},
    {DATASET: "windows", IMAGE: "powershell.exe"},
    {DATASET: "sshd", IMAGE: "cmd.exe"},
]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Test("Image", Null()), 1),
        (Test("Image", Exists(wanted=False)), 1),
        (Test("Image", Exists(wanted=True)), 3),
        (Test("Image", Reference(FIELDS[2])), 1),
        (Not(Test("Image", Reference(FIELDS[2]))), 3),
        (All((Test("Image", Glob(("cmd.exe",))), Not(Test(FIELDS[2], Glob(("wang",)))))), 1),
        (Test(KEYWORD, Glob((ANY_MANY, "LSADUMP", ANY_MANY))), 1),
        (Test(KEYWORD, Glob((ANY_MANY, "402", ANY_MANY))), 1),
        (Test(KEYWORD, Glob((ANY_MANY, "Windows", ANY_MANY))), 4),
        (Test(KEYWORD, Regex("4.22")), 1),
        (Not(Test(KEYWORD, Glob((ANY_MANY, "exe", ANY_MANY)))), 1),
        (Test("@timestamp", TimePart("year", 2026)), 4),
        (All(()), 4),
        (AnyOf(()), 0),
    ],
    ids=str,
)
def test_what_single_values_can_not_decide(tmp_path: Path, condition: Expression, expected: int):
    store = stored(tmp_path, ODD)
    assert sum(hunted(store, [rule("it", condition)], Span()).hits.values()) == expected
    assert sum(by_reference(list(store.search(Request(limit=None))), [rule("it", condition)]).values()) == expected
    store.close()


def test_columns_decide_and_few_events_are_looked_at(tmp_path: Path):
    guessed = Test("CommandLine", Glob((ANY_MANY, "whoami", ANY_MANY)))
    word = Test(KEYWORD, Glob((ANY_MANY, "lsadump", ANY_MANY)))
    quiet = Not(Test("User", Glob(("system",))))
    name, user = (event_fields(rule("any", All(())), ECS, each)[0] for each in ("CommandLine", "User"))
    events: list[dict[str, Any]] = [{DATASET: "windows", name: f"cmd {n % 9}", user: "SYSTEM"} for n in range(900)]
    events += [
        {DATASET: "windows", name: "cmd /c WHOAMI", user: "li"},
        {DATASET: "windows", "message": "x lsadump::sam"},
    ]
    looked_at: list[int] = []
    store = stored(tmp_path, events)
    rules = [rule("guess", All((guessed, quiet))), rule("word", word)]
    with store.hunting(None, None) as stretches:
        for stretch in stretches:
            detection = Detection(setting(rules), Span())
            hunting = workflow._Hunting(detection, ECS, None)
            hunting.take(stretch)
            looked_at.append(detection.matcher.counts.events)
    assert sum(looked_at) <= 2 + len(events) // 50
    assert hunted(store, rules, Span()).hits == {"guess": 1, "word": 1}
    store.close()
