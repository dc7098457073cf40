"""The language as its page tells it, and what the page doesn't say."""

import pytest

from sec_ops.model.errors import QueryInvalid, UsageError
from sec_ops.siem.events import Event
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.query.parse import parse
from sec_ops.siem.query.tree import ANY, ONE, Bound, Match, Query, Range
from tests.strategies.language_page import faults, rows
from tests.strategies.search import TYPES


def found(text: str, event: Event) -> bool:
    return evaluate(parse(text, TYPES), event, TYPES)


@pytest.mark.parametrize(("text", "event", "other"), rows())
def test_page_is_the_language(text: str, event: Event, other: Event | None) -> None:
    assert found(text, event)
    assert other is None or not found(text, other)


@pytest.mark.parametrize(("text", "place", "reason"), faults())
def test_page_says_what_is_refused(text: str, place: int, reason: str) -> None:
    with pytest.raises(QueryInvalid) as refused:
        parse(text, TYPES)
    (fault,) = refused.value.faults
    assert (fault.position + 1, str(fault.message)) == (place, reason)


@pytest.mark.parametrize(
    ("text", "event", "wanted"),
    [
        ("user.name:ẞ", {"user.name": "ß"}, True),
        ("user.name:ẞ", {"user.name": "ss"}, False),
        ("user.name:ΑΣ", {"user.name": "ασ"}, True),
        ("user.name:ΑΣ", {"user.name": "ας"}, False),
        ("user.name:istanbul", {"user.name": "İSTANBUL"}, True),
        ("user.name:K", {"user.name": "\u212a"}, True),
        ("user.name:?", {"user.name": "e\u0301"}, False),
        ("user.name:??", {"user.name": "e\u0301"}, True),
        ("user.name:a*b", {"user.name": "a\r\nb"}, True),
        ('message:""', {"message": ""}, True),
        ('message:""', {}, False),
        ('""', {"message": "x"}, True),
        ('""', {"user.name": "x"}, False),
        ("source.port:[5 TO 6]", {"source.port": [4, 7]}, False),
        ("source.port:[5 TO 6]", {"source.port": [4, 5]}, True),
        ("source.port:0443", {"source.port": 443}, True),
        ("source.port:9223372036854775807", {"source.port": 2**63 - 1}, True),
        ("source.port:9007199254740993", {"source.port": 9007199254740992}, False),
        ("event.risk_score:1e2", {"event.risk_score": 100.0}, True),
        ("process.elevated:TRUE", {"process.elevated": True}, True),
        ("process.elevated:false", {}, False),
        ("source.ip:::ffff:192.0.2.1", {"source.ip": "192.0.2.1"}, True),
        ("source.ip:192.0.2.200/24", {"source.ip": "192.0.2.1"}, True),
        ("source.ip:::/0", {"source.ip": "192.0.2.1"}, True),
        ("source.ip:0.0.0.0/0", {"source.ip": "::1"}, False),
        ("event.created:1969-12-31T23:59:59.9Z", {"event.created": -1}, True),
        ("misfit.source.port:ssh", {"misfit.source.port": "ssh"}, True),
        (f"message:{'ab' * 5000}", {"message": "ab" * 5000}, True),
        (f"user.name:{'ab' * 5000}", {"user.name": "ab" * 5000 + "c"}, False),
    ],
)
def test_meaning(text: str, event: Event, wanted: bool) -> None:
    assert found(text, event) is wanted


@pytest.mark.parametrize(
    "query",
    [
        Match("source.port", ("4", ANY)),
        Match("source.ip", (ONE,)),
        Match("event.created", ("now",)),
        Range("message", Bound("a", closed=True), None),
        Range("process.elevated", None, Bound("true", closed=True)),
    ],
)
def test_a_part_that_its_type_cannot_have_is_refused(query: Query) -> None:
    with pytest.raises(UsageError):
        evaluate(query, {}, TYPES)


def test_many_wildcards_are_tried_once() -> None:
    """Trying every way would not end."""
    assert not found(f"user.name:{'*a' * 400}", {"user.name": "a" * 399 + "b" * 20_000})
