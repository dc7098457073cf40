"""What explanations say of every kind of test, and how much."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.content.library import Library
from sec_ops.detection.explaining.documents import explanation_document
from sec_ops.detection.explaining.explanation import Explanation, explained
from sec_ops.detection.explaining.lines import lines_of
from sec_ops.detection.explaining.words import asked
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.shape import Shape, load_shapes
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import (
    ANY_MANY,
    ANY_ONE,
    Compare,
    Exists,
    Glob,
    Network,
    Null,
    Number,
    Operand,
    Order,
    Reference,
    Regex,
    Rule,
    TimePart,
    Truth,
)
from sec_ops.detection.sigma.reading import RuleText, read_rules
from sec_ops.runtime.language import translator

ZONE = ZoneInfo("Asia/Shanghai")
BASE = {"event.dataset": "sshd", "event.action": "ssh_login"}


@pytest.fixture(scope="module")
def shapes() -> tuple[Shape, ...]:
    return load_shapes(Library.open(None))


def rule(detection: dict[str, Any], **source: str) -> Rule:
    document = {
        "title": "t",
        "id": "5f5d7e2b-6a53-4b8e-9d6e-1a6a4e6f7c10",
        "logsource": source or {"product": "linux", "service": "sshd"},
        "detection": detection,
    }
    read = read_rules([RuleText(path="x.yml", data=yaml.safe_dump(document, sort_keys=False).encode())], {})
    assert read.refused == ()
    return read.rules[0]


def lines(explanation: Explanation, language: str = "en") -> list[str]:
    (way,) = explanation.ways
    marks = {True: "+", False: "-", None: "."}
    translate = translator(language)
    found = lines_of(way.condition, way.written)
    return [f"{'  ' * line.depth}{marks[line.held]} {line.text.render(translate)}" for line in found]


@pytest.mark.parametrize(
    ("operand", "english", "chinese"),
    [
        (Glob(("x",)), 'is "x"', '为 "x"'),
        (Glob(()), 'is ""', '为 ""'),
        (Glob((ANY_MANY, "x", ANY_MANY)), 'contains "x"', '包含 "x"'),
        (Glob(("x", ANY_MANY)), 'begins with "x"', '以 "x" 开头'),
        (Glob((ANY_MANY, "x")), 'ends with "x"', '以 "x" 结尾'),
        (Glob((ANY_MANY,)), "has any value", "有任意值"),
        (Glob(("a", ANY_ONE, "b", ANY_MANY)), 'is like "a?b*"', '形如 "a?b*"'),
        (Glob(("x",), cased=True), 'is "x", in exactly this case', '为 "x"（区分大小写）'),
        (Regex("a.b", "i"), "matches /a.b/i", "匹配 /a.b/i"),
        (Network("10.0.0.0/8"), "lies in 10.0.0.0/8", "属于 10.0.0.0/8"),
        (Number(5.0), "is the number 5", "为数值 5"),
        (Truth(True), "is true", "为 true"),
        (Compare(Order.AT_LEAST, 3), "is at least 3", "不小于 3"),
        (Null(), "is missing or empty", "缺失或为空"),
        (Exists(True), "is there", "存在"),
        (Exists(False), "is not there", "不存在"),
        (Reference("b"), "is the value of b", "等于 b 的值"),
        (Reference("b", "contains"), "contains the value of b", "包含 b 的值"),
        (Reference("b", "startswith"), "begins with the value of b", "以 b 的值开头"),
        (Reference("b", "endswith"), "ends with the value of b", "以 b 的值结尾"),
        (TimePart("hour", 3), "as a time, its hour is equal to 3", "作为时间，其“时”等于 3"),
    ],
)
def test_what_each_operand_asks(operand: Operand, english: str, chinese: str) -> None:
    assert asked(operand).render(str) == english
    assert asked(operand).render(translator("zh")) == chinese


def test_a_found_event_says_which_selection_matched_which_value(shapes: tuple[Shape, ...]) -> None:
    several = {"user.name": ["root", "admin", "oracle"], "source.ip|cidr": ["10.0.0.0/8", "192.168.0.0/16"]}
    made = rule({"guess": several, "known": {"host.name": "bastion"}, "condition": "guess and not known"})
    found = explained(made, BASE | {"user.name": "Admin", "source.ip": "10.9.9.9", "host.name": "web-1"}, shapes, ZONE)
    assert found.found
    assert lines(found) == [
        "+ all of:",
        "  + guess",
        "    + all of:",
        "      + one of:",
        '        + user.name is "admin": "Admin"',
        "        . others that don't hold: 2",
        "      + one of:",
        '        + source.ip lies in 10.0.0.0/8: "10.9.9.9"',
        "        . others that don't hold: 1",
        "  + not:",
        "    - known",
        '      - host.name is "bastion": "web-1"',
    ]
    assert '        + user.name 为 "admin"："Admin"' in lines(found, "zh")


def test_an_event_of_another_source_is_not_found(shapes: tuple[Shape, ...]) -> None:
    made = rule({"a": {"event.action": "ssh_login"}, "condition": "a"})
    found = explained(made, BASE | {"event.dataset": "dns"}, shapes, ZONE)
    (way,) = found.ways
    assert (way.condition.held, way.served, found.found) == (True, False, False)


def test_what_is_missing_is_said_first(shapes: tuple[Shape, ...]) -> None:
    made = rule({"a": {"event.action": "ssh_login", "user.name|startswith": "svc"}, "condition": "a"})
    found = explained(made, BASE, shapes, ZONE)
    assert not found.found
    assert lines(found)[2:] == [
        '    - user.name begins with "svc": the event has no such field',
        '    + event.action is "ssh_login": "ssh_login"',
    ]


def test_names_of_the_rule_beside_those_of_the_event(shapes: tuple[Shape, ...]) -> None:
    detection = {"a": {"Image|endswith": "\\reg.exe"}, "condition": "a"}
    made = rule(detection, product="windows", category="process_creation")
    channel = {"Channel": "Microsoft-Windows-Sysmon/Operational", "Provider_Name": "Microsoft-Windows-Sysmon"}
    event = {"EventID": 1, "Computer": "c", "Image": "C:\\x\\reg.exe"}
    flat = explained(made, event | channel, shapes, ZONE)
    assert flat.shape == "windows_flat"
    assert flat.found
    ecs = explained(made, {"event.dataset": "windows", "process.executable": "C:\\x\\reg.exe"}, shapes, ZONE)
    told = [line for way in ecs.ways for line in lines_of(way.condition, way.written)]
    assert any("(in the rule: Image)" in line.text.render(str) for line in told)


def test_what_cannot_fire_says_why(shapes: tuple[Shape, ...]) -> None:
    made = rule({"a": {"x": 1}, "condition": "a"}, product="aws", service="cloudtrail")
    assert "aws/*/cloudtrail" in str(explained(made, BASE, shapes, ZONE).cannot)
    strange = explained(made, {"a": 1}, shapes, ZONE)
    assert (strange.shape, strange.found) == ("", False)
    assert "no shape that is known" in str(strange.cannot)


def test_keywords_name_the_field_that_held_them(shapes: tuple[Shape, ...]) -> None:
    made = rule({"a": ["evil"], "condition": "a"})
    assert lines(explained(made, BASE | {"message": "very EVIL thing"}, shapes, ZONE)) == [
        "+ a",
        '  + any value of the event contains "evil": message="very EVIL thing"',
    ]
    assert lines(explained(made, BASE, shapes, ZONE))[1] == '  - any value of the event contains "evil": no value does'


def test_explanations_are_bounded(shapes: tuple[Shape, ...]) -> None:
    many = {f"f{number}": [f"v{number}-{other}" for other in range(20)] for number in range(300)}
    made = rule({"a": many, "condition": "a"})
    found = explained(made, BASE | {f"f{number}": "x" * 100_000 for number in range(300)}, shapes, ZONE)
    told = lines(found)
    assert len(told) < 500
    assert max(map(len, told)) < 600
    assert len(str(explanation_document(found))) < 30_000_000


WORDS = st.sampled_from(["a", "b", "ab", "root", ""])
FIELDS = st.sampled_from(["user.name", "event.action", "host.name"])
ITEMS = st.dictionaries(
    st.tuples(FIELDS, st.sampled_from(["", "|contains", "|startswith"])).map("".join),
    st.lists(WORDS.filter(bool), min_size=1, max_size=3),
    min_size=1,
    max_size=3,
)
CONDITIONS = st.sampled_from(["one and two", "one or two", "one and not two", "not one", "1 of them", "all of them"])


@settings(max_examples=80, deadline=None)
@given(ITEMS, ITEMS, CONDITIONS, st.dictionaries(FIELDS, st.one_of(WORDS, st.lists(WORDS, max_size=2))))
def test_an_explanation_agrees_with_the_evaluator(
    shapes: tuple[Shape, ...], one: dict[str, Any], two: dict[str, Any], condition: str, event: dict[str, Any]
) -> None:
    made = rule({"one": one, "two": two, "condition": condition})
    whole = BASE | event
    ecs = next(shape for shape in shapes if shape.id == "ecs")
    expression = mapped(made, ecs)
    assert not isinstance(expression, CannotFire)
    found = explained(made, whole, shapes, ZONE)
    assert found.found is finds(expression, whole, ZONE)
    assert explanation_document(found)["found"] is found.found
    assert lines(found)
