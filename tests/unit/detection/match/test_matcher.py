"""The matcher over events of all shapes, known and unknown, in one stream."""

from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.content.library import Library
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.detection.match import matcher as module
from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.match.varied import Kind
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import (
    ANY_MANY,
    KEYWORD,
    All,
    AnyOf,
    Expression,
    Glob,
    Header,
    Level,
    LogSource,
    Not,
    Null,
    Number,
    Reference,
    Rule,
    Test,
)
from tests.strategies.detection import texts, values

ZONE = ZoneInfo("Asia/Shanghai")
SHAPES = load_shapes(Library.open(None))
SYSMON = "Microsoft-Windows-Sysmon/Operational"
CREATION, BARE = LogSource("process_creation", "windows", ""), LogSource("", "windows", "")


def rule(name: str, condition: Expression, source: LogSource = CREATION) -> Rule:
    header = Header(id=name, name=name, title={"en": name}, level=Level.LOW)
    return Rule(header=header, source=source, condition=condition)


def contains(field: str, *literals: str) -> Expression:
    return AnyOf(tuple(Test(field, Glob((ANY_MANY, text, ANY_MANY))) for text in literals))


RULES = (
    rule("cmd", contains("Image", "cmd.exe")),
    rule("filtered", All((contains("CommandLine", "whoami", "学生"), Not(contains("User", "admin"))))),
    rule("keyword", contains(KEYWORD, "lsadump::", "mimidrv.sys"), BARE),
    rule("absent", All((contains("Image", "cmd"), Test("User", Null())))),
    rule("same", Test("Image", Reference("ParentImage"))),
    rule("dns", contains("QueryName", "tunnel.example"), LogSource("dns_query", "windows", "")),
    rule("logon", Test("LogonType", Number(10)), LogSource("", "windows", "security")),
    rule("cloud", contains("x", "y"), LogSource("", "azure", "signinlogs")),
)
NAMES = ("Image", "CommandLine", "User", "ParentImage", "QueryName", "LogonType", "SystemTime", "odd\u0000name", "")
event_values = st.one_of(
    values,
    texts,
    st.sampled_from(("cmd.exe", "C:\\CMD.EXE", "whoami", "lsadump::sam", "MIMIDRV.sys", "a.tunnel.example", 10, "10")),
    st.datetimes().map(str),
)
flat_events = st.builds(
    lambda fixed, others: {**fixed, **others},
    st.sampled_from(
        (
            {"EventID": 1, "Channel": SYSMON},
            {"EventID": 22, "Channel": SYSMON},
            {"EventID": 4688, "Channel": "Security"},
            {"EventID": 4624, "Channel": "security"},
            {"EventID": True, "Channel": SYSMON},
            {"EventID": [1, 22], "Channel": SYSMON},
            {"EventID": 1, "Provider_Name": "x"},
        )
    ),
    st.dictionaries(st.sampled_from(NAMES), event_values, max_size=6),
)


def found_by(matcher: Matcher, event: Any) -> list[str]:
    return [each.header.id for each in matcher.found(event)]


def naively(event: dict[str, Any]) -> list[str]:
    shape = next(shape for shape in SHAPES if shape.id == "windows_flat")
    expressions = [(each.header.id, mapped(each, shape)) for each in RULES]
    return [name for name, each in expressions if not isinstance(each, CannotFire) and finds(each, event, ZONE)]


@given(st.lists(flat_events, min_size=1, max_size=12))
def test_a_stream_is_answered_as_the_naive_evaluator_does(events: list[dict[str, Any]]) -> None:
    matcher = Matcher(RULES, SHAPES, ZONE)
    found = {place: [each.header.id for each in rules] for place, _, rules in matcher.run([*events, *events])}
    assert found == {place: names for place, event in enumerate([*events, *events]) if (names := naively(event))}
    assert matcher.counts.events == 2 * len(events)


def test_values_that_never_come_twice_still_hold_keywords() -> None:
    matcher = Matcher(RULES, SHAPES, ZONE)
    quiet = [{"EventID": 5, "Channel": SYSMON, "SystemTime": f"2026-11-26T00:00:00.{at:06}Z"} for at in range(5_000)]
    loud = [{**quiet[0], "SystemTime": text} for text in ("LSADUMP::sam 17", "登录 lsadump::x", "ordinary 0815")]
    assert list(matcher.run(quiet)) == []
    assert matcher._engines["windows_flat"]._kinds == {"SystemTime": Kind.VARIED}
    assert [place for place, _, _ in matcher.run([*quiet, *loud, *quiet])] == [5_000, 5_001]
    assert found_by(matcher, {**quiet[0], "SystemTime": ["x", "mimidrv.sys"]}) == ["keyword"]


def test_the_slow_way_looks_at_every_kind_of_field() -> None:
    matcher = Matcher(RULES, SHAPES, ZONE)
    number = {"EventID": 1, "Channel": SYSMON, "User": 7}
    assert list(matcher.run([number, number])) == []
    assert found_by(matcher, {"EventID": [1, 22], "Channel": SYSMON, "User": "lsadump::sam"}) == ["keyword"]


def test_fields_may_turn_from_numbers_to_text_and_back() -> None:
    matcher = Matcher(RULES, SHAPES, ZONE)
    events = [{"EventID": 5, "Channel": SYSMON, "Task": at, "Odd": at % 2} for at in range(9_000)]
    texts = [{**events[0], "Task": text} for text in ("7", None, "lsadump::x", True, ["mimidrv.sys"], 0.5, "plain")]
    assert [place for place, _, _ in matcher.run([*events, *texts, *events, *texts])] == [9_002, 9_004, 18_009, 18_011]
    assert matcher._engines["windows_flat"]._kinds["Task"] is Kind.MIXED


@pytest.mark.parametrize(
    "line",
    [
        {"Event": {"System": {"EventID": 1, "Channel": SYSMON}, "EventData": {"Image": "cmd.exe", "User": "li"}}},
        {"EventID": 1, "Channel": SYSMON, "Image": "cmd.exe", "User": "li"},
        {"winlog": {"event_id": 1, "channel": SYSMON, "event_data": {"Image": "cmd.exe", "User": "li"}}},
        {
            "event": {"dataset": "windows"},
            "winlog.event_id": 1,
            "winlog.channel": SYSMON,
            "winlog.event_data.Image": "cmd.exe",
            "winlog.event_data.User": "li",
        },
    ],
)
def test_every_shape_finds_the_same(line: dict[str, Any]) -> None:
    matcher = Matcher(RULES, SHAPES, ZONE)
    assert found_by(matcher, orjson.loads(orjson.dumps(line))) == ["cmd"]
    assert matcher.counts.unknown_shape == 0


def test_a_shape_that_nobody_knows_is_counted() -> None:
    matcher = Matcher(RULES, SHAPES, ZONE)
    wrong: list[Any] = [{"Image": "cmd.exe"}, {}, [], "text", None, 7, {"Event": "cmd.exe"}]
    assert list(matcher.run(wrong)) == []
    assert (matcher.counts.events, matcher.counts.unknown_shape) == (len(wrong), len(wrong))


def test_rules_that_cannot_fire_say_why() -> None:
    matcher = Matcher(RULES, SHAPES, ZONE)
    assert {each.rule.header.id for each in matcher.silent()} == {"cloud"}
    matcher.found({"EventID": 1, "Channel": SYSMON, "Image": "a.exe", "CommandLine": "a"})
    silent = {each.rule.header.id: str(each.reason) for each in matcher.silent()}
    assert set(silent) == {"cloud", "same", "dns", "logon"} - {"same"}
    assert "QueryName" in silent["dns"]
    assert "azure" in silent["cloud"]


def test_names_that_never_come_twice_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAN_CHARACTERS_BOUND", 100_000)
    matcher = Matcher(RULES, SHAPES, ZONE)
    for number in range(50):
        names = {f"{number}-{each}": "x" for each in range(1_000)}
        assert matcher.found(names) == ()
        assert matcher.found({**names, "Channel": SYSMON, "EventID": 1, "Image": "cmd.exe", "User": "x"}) == RULES[:1]
        assert sum(sum(map(len, plan)) for plan in matcher._plans) <= 100_000
