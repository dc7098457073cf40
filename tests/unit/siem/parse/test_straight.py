"""An event made straight from a JSON record's bytes is the one that the ordinary way makes of its text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.siem.events import Event
from sec_ops.siem.parse.session import ParsingSession
from sec_ops.siem.records import Transport
from tests.content.parser_samples import SAMPLES, understand
from tests.unit.siem.parse.support import events, origin, parser, understand_with

LINES = sorted(
    {line for sample in SAMPLES for line in sample.read_bytes().split(b"\n") if line[:1] == b"{" and len(line) < 4_000}
)
ODD = [
    b"\xff",
    b"\x00",
    b"\xc3",
    b'"',
    b"{",
    b"}",
    b"\\ud800",
    b"NaN",
    b"null",
    b"[]",
    b"0",
    b"\xe4\xb8\xad",
    b"2099",
    b"-",
]


def told(records: list[bytes], transport: Transport) -> list[Event]:
    """Return what every record tells, without the text of those nobody understood."""
    found = events(understand(), records, origin(transport=transport, peer="192.0.2.7"))
    found.sort(key=lambda event: int(str(event["sec_ops.record"]).rpartition("/")[2]))
    return [each if each["event.dataset"] != "unparsed" else {**each, "message": ""} for each in found]


def ordinarily(records: list[bytes], transport: Transport) -> list[Event]:
    """Return the same of texts that begin with a blank, which no record that is taken straight does."""
    return told([b" " + record for record in records], transport)


cut = st.builds(
    lambda line, at, odd, over: line[: at % len(line)] + odd + line[at % len(line) + over :],
    st.sampled_from(LINES),
    st.integers(0, 3_999),
    st.sampled_from(ODD),
    st.integers(0, 6),
)


@settings(max_examples=200, deadline=None)
@given(records=st.lists(st.sampled_from(LINES) | cut, min_size=1, max_size=6), transport=st.sampled_from(Transport))
def test_both_ways_tell_the_same(records: list[bytes], transport: Transport) -> None:
    straight, ordinary = told(records, transport), ordinarily(records, transport)
    assert [{**each, "message": str(each.get("message", "")).lstrip()} for each in straight] == [
        {**each, "message": str(each.get("message", "")).lstrip()} for each in ordinary
    ]


def test_windows_events_go_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ParsingSession, "_take", lambda *_given: pytest.fail("the ordinary way"))
    assert len(events(understand(), [b'{"EventID":1,"Channel":"Security","Computer":"pc"}'])) == 1


def test_a_parser_that_keeps_the_text_gets_it() -> None:
    understanding = understand_with(parser(recognise={"keys": ["a"]}, rest="test.", message="record"))
    (event,) = events(understanding, [b'{"a":"x"}'])
    assert (event["message"], event["test.a"]) == ('{"a":"x"}', "x")
