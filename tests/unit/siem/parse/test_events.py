"""What an event is made of: types, misfits, times, provenance, and names nobody may forge."""

import json
from typing import Any

import pytest

from sec_ops.siem.records import Transport
from tests.unit.siem.parse.support import RECEIVED_MS, events, origin, own, parser, understand_with

RECEIVED_US = RECEIVED_MS * 1000
PLAIN = parser(recognise={"keys": ["*"]}, rest=".", message="mapped")


def event_of(document: dict[str, Any], made: Any = PLAIN, **where: Any) -> dict[str, Any]:
    (event,) = events(understand_with(made), [json.dumps(document).encode()], origin(**where))
    return dict(event)


@pytest.mark.parametrize(
    ("document", "event"),
    [
        ({"user.name": "a"}, {"user.name": "a"}),
        ({"user": {"name": "a"}}, {"user.name": "a"}),
        ({"user.name": None, "x": []}, {}),
        ({"user.name": ["a", None, "b"]}, {"user.name": ["a", "b"]}),
        ({"user.name": ["a"]}, {"user.name": "a"}),
        ({"user.name": 7, "x": True, "y": 1.5}, {"user.name": "7", "x": "true", "y": "1.5"}),
        ({"source.port": "443"}, {"source.port": 443}),
        ({"source.port": "0x1bb"}, {"source.port": 443}),
        ({"source.port": 443.0}, {"source.port": 443}),
        ({"source.port": "many"}, {"misfit.source.port": "many"}),
        ({"source.port": 2**63}, {"misfit.source.port": str(2**63)}),
        ({"source.port": "9223372036854775808"}, {"misfit.source.port": "9223372036854775808"}),
        ({"source.port": "0xffffffffffffffff"}, {"misfit.source.port": "0xffffffffffffffff"}),
        ({"source.port": "-"}, {}),
        ({"source.port": [1, "x", "2"]}, {"source.port": [1, 2], "misfit.source.port": "x"}),
        ({"source.ip": "2001:0DB8::0001"}, {"source.ip": "2001:db8::1"}),
        ({"source.ip": "::ffff:192.0.2.7"}, {"source.ip": "192.0.2.7"}),
        ({"source.ip": "nowhere"}, {"misfit.source.ip": "nowhere"}),
        ({"flag": "TRUE"}, {"flag": True}),
        ({"flag": "perhaps"}, {"misfit.flag": "perhaps"}),
        ({"ratio": "1e3"}, {"ratio": 1000.0}),
        ({"ratio": "1e999"}, {"misfit.ratio": "1e999"}),
        ({"when": "2026-11-26T00:00:00Z"}, {"when": 1_795_651_200_000_000}),
        ({"when": 1_795_651_200_000}, {"when": 1_795_651_200_000_000}),
        ({"list": [{"a": 1}, {"a": 2, "b": {"c": "x"}}]}, {"list.a": ["1", "2"], "list.b.c": "x"}),
        ({"user": "a"}, {"misfit.user": "a"}),  # an object elsewhere
        ({"message": {"x": "a"}}, {"misfit.message.x": "a"}),  # below a leaf
        ({"a": "1", "a.b": "2"}, {"misfit.a": "1", "a.b": "2"}),
        ({"a..b": "1", "": "2"}, {"a._.b": "1", "_": "2"}),
    ],
)
def test_fields(document: dict[str, Any], event: dict[str, Any]) -> None:
    assert own(event_of(document)) == event


def test_what_the_session_says_cannot_be_forged() -> None:
    event = event_of({"sec_ops.unit": "other", "event.dataset": "other", "event": {"ingested": 1}, "misfit.x": "y"})
    assert event["event.dataset"] == "test"
    assert event["event.ingested"] == RECEIVED_US
    assert "sec_ops.unit" not in event
    assert event["misfit.sec_ops.unit"] == event["misfit.event.dataset"] == "other"


def test_provenance() -> None:
    where = {"unit": "school-1", "host": "db-1", "path": "/var/log/x", "peer": "192.0.2.9", "dataset": "mine"}
    event = event_of({"host.name": "stated"}, **where, transport=Transport.RELP)
    assert (event["sec_ops.unit"], event["sec_ops.transport"], event["sec_ops.source"]) == ("school-1", "relp", "s")
    assert (event["host.name"], event["host.hostname"], event["event.dataset"]) == ("db-1", "stated", "mine")
    assert (event["log.file.path"], event["log.source.address"]) == ("/var/log/x", "192.0.2.9")
    assert (event["sec_ops.record"], event["sec_ops.parser"]) == ("w/1/0", "test")


@pytest.mark.parametrize(
    ("stated", "event"),
    [
        ("2026-11-26T13:33:19Z", {"@timestamp": RECEIVED_US - 1_000_000, "sec_ops.skew_ms": 1000}),
        ("2026-11-27T13:33:20Z", {"@timestamp": RECEIVED_US + 86_400_000_000, "sec_ops.skew_ms": -86_400_000}),
        (
            "1970-01-01T00:00:00Z",
            {
                "@timestamp": RECEIVED_US,
                "sec_ops.stated_time": 0,
                "sec_ops.time": "received",
                "sec_ops.skew_ms": RECEIVED_MS,
            },
        ),
        (
            "2038-01-19T03:14:07Z",
            {
                "@timestamp": RECEIVED_US,
                "sec_ops.stated_time": 2_147_483_647_000_000,
                "sec_ops.time": "received",
                "sec_ops.skew_ms": RECEIVED_MS - 2_147_483_647_000,
            },
        ),
        ("NoneZ", {"@timestamp": RECEIVED_US, "misfit.@timestamp": "NoneZ", "sec_ops.time": "received"}),
        ("", {"@timestamp": RECEIVED_US, "sec_ops.time": "received"}),
    ],
)
def test_times_that_are_believed_and_those_that_are_not(stated: str, event: dict[str, Any]) -> None:
    found = event_of({"@timestamp": stated}, transport=Transport.SYSLOG_TCP)
    names = ("@timestamp", "misfit.@timestamp", "sec_ops.stated_time", "sec_ops.time", "sec_ops.skew_ms")
    assert {name: found[name] for name in names if name in found} == event


def test_zones_of_parser_source_and_site_in_this_order() -> None:
    text = {"@timestamp": "2026-11-26 08:00:00"}
    ruled = parser(recognise={"keys": ["*"]}, time={"field": "@timestamp", "zone": "UTC"})
    assert event_of(text, ruled, zone="Asia/Tokyo")["@timestamp"] == 1_795_680_000_000_000
    assert event_of(text, zone="Asia/Tokyo")["@timestamp"] == 1_795_647_600_000_000
    assert event_of(text)["@timestamp"] == 1_795_651_200_000_000


def test_first_in_the_map_that_says_something_stands() -> None:
    made = parser(
        recognise={"keys": ["*"]},
        map={"host": {"to": ["source.ip"], "convert": "address"}, "addr": {"to": ["source.ip"], "convert": "address"}},
    )
    assert own(event_of({"addr": "192.0.2.1", "host": "db.example.org"}, made)) == {
        "source.ip": "192.0.2.1",
        "message": '{"addr": "192.0.2.1", "host": "db.example.org"}',
    }
    assert event_of({"addr": "192.0.2.1", "host": "192.0.2.2"}, made)["source.ip"] == "192.0.2.2"


def test_tables_conversions_and_several_targets() -> None:
    made = parser(
        recognise={"keys": ["*"]},
        message="mapped",
        rest="x.",
        map={
            "took": {"to": ["source.port"], "convert": "milliseconds"},
            "level": {"to": ["a", "b"], "table": {"1": "one", "2": ""}},
        },
        constants={"event.kind": "event", "tags": ["t"]},
    )
    found = own(event_of({"took": "1.5", "level": 1, "more": "y"}, made))
    assert found == {"source.port": 1_500_000, "a": "one", "b": "one", "x.more": "y", "tags": "t"}
    assert own(event_of({"level": "2"}, made)) == {"tags": "t"}


def test_bounds_of_depth_and_fields_keep_everything() -> None:
    deep: Any = "bottom"
    for _ in range(40):
        deep = {"a": deep}
    event = event_of({"d": deep, **{f"f{at}": at for at in range(1_500)}, "n" * 400: "long name"})
    assert "bottom" in event[max((name for name in event if name.startswith("d.")), key=len)]
    assert len(event) < 1_050
    overflow = [json.loads(each) for each in event["sec_ops.overflow"]]
    assert {"n" * 400: "long name"} in overflow
    assert sum(name.startswith("f") for each in (event, *overflow) for name in each if name != "flag") >= 1_500


def test_a_record_that_is_too_long_is_cut_and_marked() -> None:
    (event,) = events(understand_with(PLAIN), [b"x" * (10 * 1024 * 1024)])
    assert event["event.dataset"] == "unparsed"
    assert event["log.flags"] == "truncated"
    assert len(str(event["message"])) == 65_536


def test_each_line_of_a_source_may_have_its_own_encoding() -> None:
    texts = ["登录失败：用户 张伟", "登录失败：用户 𠀀", "plain", "naïve – text"]
    encoded = [texts[0].encode("gbk"), texts[1].encode("gb18030"), texts[2].encode(), texts[3].encode()]
    found = events(understand_with(PLAIN), [*encoded, b"\xfd\xfe cut \x81", *reversed(encoded)])
    assert [event["message"] for event in found if "cut" not in str(event["message"])] == [*texts, *reversed(texts)]
    assert len(found) == 9
