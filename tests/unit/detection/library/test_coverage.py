"""What a site can and cannot see, and why: never a rule that could find something among those that can't fire."""

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.detection.library.attack import navigator_layer, tactics, techniques
from sec_ops.detection.library.coverage import DATASET, Facts, Sight, Understood, sights
from sec_ops.detection.library.documents import Source
from sec_ops.detection.library.loading import Listed
from sec_ops.detection.mapping.mapped import CannotFire
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
    Number,
    Reference,
    Rule,
    Selection,
    Test,
    Together,
)
from sec_ops.model.messages import message


def text(field: str, value: str) -> Test:
    return Test(field, Glob((value,)))


ANY_SOURCE = LogSource()
SSH = text(DATASET, "sshd")
FACTS = Facts(
    fields={"sshd": frozenset({"user.name", "source.ip"}), "nginx": frozenset({"url.path", "source.ip"})},
    expected={"auditd": ("records/audit@db-1", "records/audit@db-2")},
)


def listed(name: str, *tags: str, enabled: bool = True, source: LogSource = ANY_SOURCE) -> Listed:
    header = Header(id=name, name="", title={"en": f"Rule {name}", "zh": f"规则 {name}"}, level=Level.HIGH, tags=tags)
    rule = Rule(header=header, source=source, condition=All(()))
    return Listed(rule=rule, source=Source.SITE, written=Level.HIGH, enabled=enabled, reason="noise")


def correlation(name: str, *rules: str, aggregate: Aggregate = Aggregate.EVENT_COUNT) -> Listed:
    header = Header(id=name, name="", title={"en": name}, level=Level.HIGH)
    rule = Correlation(header=header, aggregate=aggregate, rules=rules, span_s=60)
    return Listed(rule=rule, source=Source.SITE, written=Level.HIGH)


def in_words(name: str, *ways: Together) -> Listed:
    header = Header(id=name, name="", title={"en": name}, level=Level.HIGH)
    rules = tuple(dict.fromkeys(rule for way in ways for rule in (*way.rules, *way.without)))
    rule = Correlation(header=header, aggregate=Aggregate.TEMPORAL, rules=rules, span_s=60, alternatives=ways)
    return Listed(rule=rule, source=Source.SITE, written=Level.HIGH)


def understood(**mapped: Expression | CannotFire) -> Understood:
    return Understood(mapped=mapped, names=frozenset(), products={"windows": text(DATASET, "windows")})


def sight(expression: Expression | CannotFire, facts: Facts = FACTS, **more: Any) -> Sight:
    (found,) = sights([listed("r", **more)], understood(r=expression), facts)
    return found


@pytest.mark.parametrize(
    ("expression", "datasets"),
    [
        (All((SSH, text("user.name", "root"))), ("sshd",)),
        (All((SSH, Selection("s", text("user.name", "root")))), ("sshd",)),
        (text("source.ip", "192.0.2.7"), ("sshd", "nginx")),
        (Test(DATASET, Glob(("SSH", ANY_MANY))), ("sshd",)),
        (Not(SSH), ("nginx",)),
        (All((SSH, Not(text("url.path", "/")))), ("sshd",)),
        (All((SSH, Test("url.path", Null()))), ("sshd",)),
        (All((SSH, Test("url.path", Exists(wanted=False)))), ("sshd",)),
        (Test("url.path", Exists(wanted=True)), ("nginx",)),
        (AnyOf((text("nowhere", "x"), text("url.path", "/"))), ("nginx",)),
        (All((SSH, Test(KEYWORD, Glob((ANY_MANY, "x", ANY_MANY))))), ("sshd",)),
        (Test("user.name", Reference("source.ip")), ("sshd",)),
    ],
)
def test_where_a_rule_can_fire(expression: Expression, datasets: tuple[str, ...]) -> None:
    found = sight(expression)
    assert found.sees
    assert found.datasets == datasets


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (CannotFire(message("no pipeline")), "no pipeline"),
        (
            All((text(DATASET, "auditd"), text("user.name", "x"))),
            "none of its data sets (auditd) ever came, though records/audit@db-1, records/audit@db-2 should send them",
        ),
        (
            AnyOf((text(DATASET, "bind"), text(DATASET, "dnsmasq"))),
            "none of its data sets (bind, dnsmasq) ever came, and the inventory names nobody who sends them",
        ),
        (
            All((SSH, text("url.path", "/"), text("user.name", "x"))),
            "no event of sshd ever had the fields it needs; never seen: url.path",
        ),
        (
            All((text("user.name", "x"), text("url.path", "/"))),
            "no event of sshd, nginx ever had the fields it needs; never seen: user.name, url.path",
        ),
        (
            Test("user.name", Reference("url.path")),
            "no event of sshd, nginx ever had the fields it needs; never seen: ",
        ),
    ],
)
def test_why_a_rule_cannot_fire(expression: Expression | CannotFire, reason: str) -> None:
    found = sight(expression)
    assert not found.sees
    assert str(found.reason).startswith(reason)


def test_a_rule_of_a_product_that_never_sent_anything() -> None:
    found = sight(text("winlog.channel", "Security"), source=LogSource(product="windows"))
    assert str(found.reason).startswith("none of its data sets (windows) ever came")


def test_a_rule_that_is_off_and_a_site_without_events() -> None:
    assert str(sight(SSH, enabled=False).reason) == "switched off here: noise"
    assert str(sight(text("a", "b"), Facts(fields={})).reason) == "there are no events"


def test_correlations_see_what_their_rules_see() -> None:
    rules = [
        correlation("chain", "any"),
        correlation("any", "a", "b"),
        correlation("all", "a", "b", aggregate=Aggregate.TEMPORAL),
        in_words("either", Together(rules=("b",)), Together(rules=("a",), without=("b",))),
        in_words("neither", Together(rules=("a", "b")), Together(rules=("b",), without=("a",))),
        correlation("circle", "circle"),
        listed("a"),
        listed("b"),
    ]
    found = sights(rules, understood(a=SSH, b=text(DATASET, "bind")), FACTS)
    assert [(each.listed.rule.header.id, each.sees) for each in found] == [
        ("chain", True),
        ("any", True),
        ("all", False),
        ("either", True),
        ("neither", False),
        ("circle", False),
        ("a", True),
        ("b", False),
    ]
    assert found[0].datasets == ("sshd",)
    assert str(found[2].reason) == "what it counts can't fire here: b"


def test_what_is_counted_is_called_by_its_name() -> None:
    blind = listed("b")
    named = replace(blind, rule=replace(blind.rule, header=replace(blind.rule.header, name="failed_login")))
    found = sights([correlation("counts", "b"), named], understood(b=text(DATASET, "bind")), FACTS)
    assert str(found[0].reason) == "what it counts can't fire here: failed_login"


FIELDS = ("user.name", "url.path", "source.ip")
VALUES = st.sampled_from(["x", "y", "1", None, ["x", "1"], 1])
LEAVES = st.one_of(
    st.builds(text, st.sampled_from([DATASET, KEYWORD, *FIELDS]), st.sampled_from(["sshd", "nginx", "x", "1"])),
    st.builds(Test, st.sampled_from(FIELDS), st.sampled_from([Null(), Exists(True), Exists(False), Number(1)])),
    st.builds(lambda one, two: Test(one, Reference(two)), st.sampled_from(FIELDS), st.sampled_from(FIELDS)),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Selection, st.just("s"), inner),
    ),
    max_leaves=8,
)


@given(
    expression=EXPRESSIONS,
    dataset=st.sampled_from(["sshd", "nginx"]),
    event=st.dictionaries(st.sampled_from(FIELDS), VALUES),
)
def test_what_is_said_not_to_fire_never_does(expression: Expression, dataset: str, event: dict[str, Any]) -> None:
    whole = {**event, DATASET: dataset}
    has = frozenset(name for name, value in event.items() if value is not None)
    found = sight(expression, Facts(fields={dataset: has | {DATASET}}))
    assert found.sees or not finds(expression, whole, UTC)


def test_a_layer_for_the_navigator() -> None:
    rules = [
        listed("a", "attack.credential_access", "attack.t1003.001", "attack.T1110"),
        listed("b", "attack.credential-access", "attack.t1003.001", "attack.s0002", "cve.2021-1"),
        listed("c", "attack.t1486"),
    ]
    nowhere = text(DATASET, "bind")
    found = sights(rules, understood(a=SSH, b=nowhere, c=nowhere), FACTS)
    assert [(name, len(each.seeing), len(each.blind)) for name, each in tactics(found).items()] == [
        ("credential-access", 1, 1)
    ]
    assert list(techniques(found)) == ["T1003.001", "T1110", "T1486"]
    layer = navigator_layer(found, "qinglan", "zh", str)
    assert layer["versions"] == {"navigator": "4.9.0", "layer": "4.5"}
    assert layer["domain"] == "enterprise-attack"
    assert [(each["techniqueID"], each["score"]) for each in layer["techniques"]] == [
        ("T1003.001", 1),
        ("T1110", 1),
        ("T1486", 0),
    ]
    assert len({each["color"] for each in layer["techniques"]}) == 3
    assert {each["color"] for each in layer["techniques"]} == {each["color"] for each in layer["legendItems"]}
    assert layer["techniques"][0]["comment"].splitlines() == [
        "can fire:",
        "  规则 a",
        "cannot fire here:",
        "  规则 b — none of its data sets (bind) ever came, and the inventory names nobody who sends them",
    ]
    assert layer["gradient"]["maxValue"] > layer["gradient"]["minValue"]
    types = {"techniqueID": str, "score": int, "color": str, "comment": str, "enabled": bool}
    assert all({name: type(value) for name, value in each.items()} == types for each in layer["techniques"])


def test_an_empty_layer_still_has_a_gradient() -> None:
    assert navigator_layer([], "x", "en", str)["gradient"]["maxValue"] == 1
