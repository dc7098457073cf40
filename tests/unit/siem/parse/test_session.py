"""Recognising, joining, envelopes and headings; what is held back survives a restart at any point."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.siem.events import Event
from sec_ops.siem.records import Place, RawBatch
from tests.content.parser_samples import SAMPLES, understand
from tests.unit.siem.parse.support import RECEIVED_MS, events, origin, parser, understand_with

STACKED = parser(
    "stacked",
    "pattern",
    options={"patterns": [r"(?s)^(?P<time>\d\d:\d\d) (?P<user__name>.*)$"]},
    join={"by": "start", "pattern": r"\d\d:\d\d ", "lines_bound": 4},
    recognise={"content": [r"\d\d:\d\d "]},
)
SERIAL = parser(
    "serial",
    "pattern",
    options={"patterns": [r"(?s)^n=(?P<user__name>.*)$"]},
    join={"by": "serial", "pattern": r"n=(\d+)", "end": r"end$"},
    recognise={"content": [r"n=\d+"]},
)
HEADED = parser(
    "headed", "pattern", options={"patterns": [r"^#(?P<x>\w+)\n(?P<user__name>\w+)$"]}, heading="#", ignore="//"
)


def texts(found: list[Event]) -> list[Any]:
    return [(event["event.dataset"], event.get("message"), event.get("log.flags")) for event in found]


def test_lines_are_joined_from_start_to_start() -> None:
    lines = [b"stray", b"08:00 a", b" b", b"", b"08:01 c", b"08:02 d", b"1", b"2", b"3", b"4"]
    assert texts(events(understand_with(STACKED), lines)) == [
        ("unparsed", "stray", None),
        ("stacked", "08:00 a\n b", "multiline"),
        ("stacked", "08:01 c", None),
        ("stacked", "08:02 d\n1\n2\n3", ["truncated", "multiline"]),
        ("unparsed", "4", None),
    ]


def test_serials_may_be_mixed_and_end_by_their_last_line() -> None:
    lines = [b"n=1 a", b"n=2 a", b"n=1 end", b"n=2 b", b"n=3 end", b"n=1 late"]
    assert texts(events(understand_with(SERIAL), lines)) == [
        ("serial", "n=1 a\nn=1 end", "multiline"),
        ("serial", "n=3 end", None),
        ("serial", "n=2 a\nn=2 b", ["incomplete", "multiline"]),
        ("serial", "n=1 late", "incomplete"),
    ]


def test_few_serials_are_open_at_once() -> None:
    session = understand_with(SERIAL)(origin())
    batch = RawBatch(origin=origin(), received_ms=RECEIVED_MS, records=tuple(b"n=%d a" % at for at in range(50)))
    assert len(session.feed(Place("w", 1), batch)) == 42
    assert len(session.flush()) == 8


def test_lines_after_a_heading_are_read_by_it() -> None:
    found = events(
        understand_with(HEADED), [b"before", b"#one", b"a", b"// nothing", b"#two", b"b"], origin(parser="headed")
    )
    assert [(event.get("user.name"), event.get("message")) for event in found] == [
        (None, "before"),
        ("a", "a"),
        ("b", "b"),
    ]


def test_a_heading_is_kept_between_runs() -> None:
    understand_headed = understand_with(HEADED)
    where = origin(parser="headed")
    first = understand_headed(where)
    assert not first.feed(Place("w", 1), RawBatch(origin=where, received_ms=RECEIVED_MS, records=(b"#one",)))
    assert not first.flush()
    second = understand_headed(where, first.pending())
    (row,) = second.feed(Place("w", 2), RawBatch(origin=where, received_ms=RECEIVED_MS, records=(b"a",)))
    assert row.event["user.name"] == "a"


@pytest.mark.parametrize(
    ("path", "line", "dataset"),
    [
        (
            "/var/log/nginx/access.log.1",
            b'192.0.2.7 - - [26/Nov/2026:08:00:00 +0800] "GET / HTTP/1.1" 200 5',
            "nginx.access",
        ),
        (
            "/var/log/apache2/access.log",
            b'192.0.2.7 - - [26/Nov/2026:08:00:00 +0800] "GET / HTTP/1.1" 200 5',
            "apache.access",
        ),
        ("/x/auth.log", b"Nov 26 08:00:00 h sshd[1]: Invalid user a from 192.0.2.7 port 1", "sshd"),
        ("", b"<38>Nov 26 08:00:00 h sshd[1]: Invalid user a from 192.0.2.7 port 1", "sshd"),
        ("", b"<38>Nov 26 08:00:00 h unknownd[1]: Invalid user a from 192.0.2.7 port 1", "syslog"),
        ("", b'{"some":"object"}', "json"),
        ("", b"{not json", "unparsed"),
        ("", b"words that nobody knows", "unparsed"),
        ("/var/log/nginx/access.log", b"no access line", "unparsed"),
    ],
)
def test_recognised_by_path_program_names_or_beginning(path: str, line: bytes, dataset: str) -> None:
    (event,) = events(understand(), [line], origin(path=path))
    assert event["event.dataset"] == dataset


def test_a_named_parser_is_given_what_an_envelope_carries() -> None:
    access = b'192.0.2.7 - - [26/Nov/2026:08:00:00 +0800] "GET / HTTP/1.1" 200 5'
    sent = b"<190>Nov 26 08:00:00 web-1 site: " + access
    (event,) = events(understand(), [sent], origin(parser="apache-access"))
    assert (event["event.dataset"], event["host.hostname"], event["source.ip"]) == (
        "apache.access",
        "web-1",
        "192.0.2.7",
    )


def test_what_a_program_repeats_of_others_stays_the_programs() -> None:
    """A user name that looks like another kind of log must not choose the parser."""
    forged = b"<38>Nov 26 08:00:00 h sshd[1]: Invalid user CEF:0|a|b|c|d|e|5|src=198.51.100.1 from 192.0.2.7 port 22"
    (event,) = events(understand(), [forged])
    assert (event["event.dataset"], event["source.ip"]) == ("sshd", "192.0.2.7")


def test_a_parser_that_breaks_costs_its_record_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from sec_ops.siem.parse.compiled import Compiled

    made = understand_with(parser(recognise={"keys": ["*"]}))
    monkeypatch.setattr(Compiled, "fill", lambda *_: 1 / 0)
    first, second = events(made, [b'{"a":1}', b"text"])
    assert (first["event.dataset"], first["error.type"], first["message"]) == (
        "unparsed",
        "ZeroDivisionError",
        '{"a":1}',
    )
    assert second["message"] == "text"


LINES = [
    line
    for sample in SAMPLES
    if sample.parent.parent.name
    in ("auditd", "postgresql", "mysql-slow", "mysql-general", "sshd", "nginx-error", "iis")
    for line in sample.read_bytes().split(b"\n")
]


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=25),
    cuts=st.sets(st.integers(0, 25), max_size=6),
    name=st.sampled_from(["", "auditd", "postgresql", "mysql-slow", "mysql-general", "nginx-error"]),
)
def test_restarts_change_nothing(lines: list[bytes], cuts: set[int], name: str) -> None:
    """Whatever the batches and wherever the session is stored and taken up again, the same events come out."""
    where = origin(parser=name)
    whole = [_bare(event) for event in events(understand(), lines, where)]
    rows: list[Event] = []
    pending = b""
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(lines)), len(lines)]
    for number, (start, end) in enumerate(pairwise(edges), 1):
        session = understand()(where, pending)
        batch = RawBatch(origin=where, received_ms=RECEIVED_MS, records=tuple(lines[start:end]))
        rows += [row.event for row in session.feed(Place("w", number), batch)]
        pending = session.pending()
    rows += [row.event for row in understand()(where, pending).flush()]
    assert [_bare(event) for event in rows] == whole


def _bare(event: Event) -> Event:
    return {name: value for name, value in event.items() if name != "sec_ops.record"}
