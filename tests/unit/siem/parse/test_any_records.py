"""Whatever comes in: nothing raises, nothing is lost, every value has its field's type, and memory stays bounded."""

import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sec_ops.siem.events import Event, FieldType
from sec_ops.siem.parse.loading import field_types
from sec_ops.siem.records import Place, RawBatch, Transport
from tests.content.parser_samples import PARSERS, SAMPLES, library, understand
from tests.unit.siem.parse.support import RECEIVED_MS, events, origin

TYPES = field_types(library())
LINES = sorted({line for sample in SAMPLES for line in sample.read_bytes().split(b"\n") if line})
NASTY = [
    b'{"%s":1}' % (b"a." * 250_000),
    b'{"%s":{%s}}' % (b"k" * 300_000, b",".join(b'"x%d":1' % at for at in range(40_000))),
    b"",
    b"\0",
    b"\xff" * 100,
    b"\x00a" * 50,
    b"x" * 2_000_000,
    b"<",
    b"<999>x",
    b"<34>1 ",
    b'<34>1 - - - - - [a b="' + b"\\" * 5001,
    b"<34>Nov 26 08:00:00 " + b"h" * 10_000,
    b"{" * 1000,
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b'{"MESSAGE":[1,2,300],"__REALTIME_TIMESTAMP":"x"}',
    b'{"MESSAGE":' + b"[" * 300 + b"]" * 300 + b',"__REALTIME_TIMESTAMP":"1"}',
    b'type=EXECVE msg=audit(1795651208.000:465): argc=2 a0="x" a1=4' + b"F" * 1001,
    b"type=SYSCALL msg=audit(9.9:1): " + b"a" * 100_000,
    b"type=PATH msg=audit(1.1:1): " + b"name=61 " * 10_000,
    b"type=PROCTITLE msg=audit(1.1:1): proctitle=" + b"0" * 99_999,
    b"type=USER_LOGIN msg=audit(1.1:1): msg='" + b"'" * 10_000,
    b"2026-11-26 08:00:00.123 CST [1] " + b" " * 50_000 + b"LOG:  x",
    b'2026-11-26 08:00:00.123 CST,"' + b'"' * 50_001,
    b"# User@Host: " + b"[" * 10_000,
    b'192.0.2.7 - - [26/Nov/2026:08:00:00 +0800] "' + b"\\" * 50_001,
    "登录失败".encode("gbk") + b" \xff " + "登录".encode(),
]


def _typed(name: str, value: Any) -> bool:
    kind = FieldType.KEYWORD if name.startswith("misfit.") else TYPES.of(name)
    if isinstance(value, list):
        return len(value) > 1 and all(_typed(name, each) for each in value)
    if kind in (FieldType.LONG, FieldType.DATE):
        return type(value) is int and -(2**63) <= value < 2**63
    if kind is FieldType.DOUBLE:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is (bool if kind is FieldType.BOOLEAN else str)


def sound(event: Event) -> None:
    wrong = {name: value for name, value in event.items() if not _typed(name, value)}
    assert not wrong
    assert "error.type" not in event, event
    for text in (each for value in event.values() for each in (value if isinstance(value, list) else [value])):
        str(text).encode()


@pytest.mark.parametrize("at", range(len(NASTY)))
@pytest.mark.parametrize("name", ["", *sorted(PARSERS)])
def test_nasty_records(name: str, at: int) -> None:
    for event in events(understand(), [NASTY[at], b"after"], origin(parser=name)):
        sound(event)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_records(data: st.DataObject) -> None:
    line = st.sampled_from(LINES)
    cut = st.builds(
        lambda text, at, more: text[:at] + more + text[at + 2 :], line, st.integers(0, 400), st.binary(max_size=6)
    )
    records = data.draw(st.lists(line | cut | st.binary(max_size=80), max_size=12))
    name = data.draw(st.sampled_from(["", *sorted(PARSERS)]))
    where = origin(parser=name, transport=data.draw(st.sampled_from(list(Transport))))
    for event in events(understand(), records, where):
        sound(event)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_record_is_lost(data: st.DataObject) -> None:
    """Each record's own mark is found in some event's text, unless it is a heading, ignored or blank."""
    marks = [b"mark%d" % at for at in range(8)]
    shapes = [b"%s", b"<34>1 - h app 1 - - %s", b"Nov 26 08:00:00 h sshd[1]: Invalid user %s from 192.0.2.7 port 2"]
    shapes += [
        b"type=USER_LOGIN msg=audit(1795651202.000:459): pid=%s x",
        b"type=PATH msg=audit(1.1:7): name=%s",
        b"\xff%s",
    ]
    shapes += [b"2026-11-26 08:00:00.123 CST [1] a@b LOG:  %s", b"\t%s", b"{%s", b"261126  8:00:00\t    31 Query\t%s"]
    records = [data.draw(st.sampled_from(shapes)) % mark for mark in marks]
    found = " ".join(str(event.get("message")) for event in events(understand(), records)) + " "
    assert all(mark.decode() in found for mark in marks)


def test_open_records_take_bounded_memory() -> None:
    where = origin(transport=Transport.SYSLOG_UDP)
    session = understand()(where)
    line = b"<30>Nov 26 08:00:00 h postgres[%d]: 2026-11-26 08:00:00.123 CST [1] a@b LOG:  " + b"x" * 2000
    tracemalloc.start()
    try:
        for number in range(1, 8):
            records = tuple(line % (number * 1000 + at) for at in range(200))
            session.feed(Place("w", number), RawBatch(origin=where, received_ms=RECEIVED_MS, records=records))
        assert tracemalloc.get_traced_memory()[0] < 12_000_000
    finally:
        tracemalloc.stop()
    assert len(session.flush()) <= 256


def test_ever_new_names_and_values_take_bounded_memory() -> None:
    """Neither names of a megabyte nor long values that no address has are remembered."""
    where = origin(transport=Transport.BULK)
    session = understand()(where)

    def feed(numbers: range) -> None:
        for number in numbers:
            long = (
                b'{"%s%d":%d}' % (b"k" * 900_000, number, number),
                b'{"source.ip":"%s"}' % (b"%d" % number * 90_000),
            )
            session.feed(Place("w", number), RawBatch(origin=where, received_ms=RECEIVED_MS, records=long))

    feed(range(1, 3))
    tracemalloc.start()
    try:
        feed(range(10, 50))
        assert tracemalloc.get_traced_memory()[0] < 8_000_000
    finally:
        tracemalloc.stop()
