"""One shape comes out of every way to write a Windows event, and no value of EventData is lost on the way."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.siem.engines import windows_json
from sec_ops.siem.windows.layouts import LAYOUTS
from sec_ops.siem.windows.plan import DATA, Composer
from sec_ops.siem.windows.times import event_time

read = windows_json.compile_engine({})
SYSMON = "Microsoft-Windows-Sysmon"
CHANNEL = f"{SYSMON}/Operational"
DATA_OF_ONE = {"Image": "C:\\a\\b.exe", "ProcessId": "0x10", "ProcessID": "11", "CommandLine": "", "User": "D\\u"}
TIME = "2026-11-26T00:00:00.5Z"


def named(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"@Name": name, "#text": value} for name, value in values.items()]


SYSTEM = {"EventID": 1, "Channel": CHANNEL, "Computer": "pc.example.org"}
FLAT = {"Provider_Name": SYSMON, **SYSTEM, "SystemTime": TIME}
WRITTEN = {
    "evtx": {
        "Event": {
            "System": {
                **SYSTEM,
                "Provider": {"#attributes": {"Name": SYSMON}},
                "TimeCreated": {"#attributes": {"SystemTime": TIME}},
            },
            "EventData": DATA_OF_ONE,
        }
    },
    "evtx, separate attributes": {
        "Event": {
            "System": {
                **SYSTEM,
                "Provider_attributes": {"Name": SYSMON},
                "TimeCreated_attributes": {"SystemTime": TIME},
            },
            "EventData": DATA_OF_ONE,
        }
    },
    "xml": {
        "Event": {
            "System": {**SYSTEM, "EventID": "1", "Provider": {"@Name": SYSMON}, "TimeCreated": {"@SystemTime": TIME}},
            "EventData": {"Data": named(DATA_OF_ONE)},
        }
    },
    "bare": {
        "System": {
            **SYSTEM,
            "EventID": {"Value": 1},
            "Provider": {"Name": SYSMON},
            "TimeCreated": {"SystemTime": TIME},
        },
        "EventData": DATA_OF_ONE,
    },
    "list": {
        "Event": {
            "System": {**SYSTEM, "Provider": SYSMON, "TimeCreated": TIME},
            "EventData": [{"Name": name, "Value": value} for name, value in DATA_OF_ONE.items()],
        }
    },
    "flat": FLAT | DATA_OF_ONE,
    "nxlog": {
        "EventTime": TIME,
        "Hostname": "pc.example.org",
        "EventID": 1,
        "SourceName": SYSMON,
        "Channel": CHANNEL,
        **{name: value for name, value in DATA_OF_ONE.items() if name != "ProcessID"},
    },
    "winlogbeat 6": {
        "@timestamp": TIME,
        "computer_name": "pc.example.org",
        "event_id": 1,
        "source_name": SYSMON,
        "log_name": CHANNEL,
        "event_data": DATA_OF_ONE,
    },
    "winlogbeat": {
        "@timestamp": TIME,
        "host": {"name": "pc.example.org"},
        "winlog": {
            "channel": CHANNEL,
            "computer_name": "pc.example.org",
            "event_id": "1",
            "provider_name": SYSMON,
            "event_data": DATA_OF_ONE,
        },
    },
}


@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_every_form_gives_the_same_event(form: str) -> None:
    event = dict(read(json.dumps(WRITTEN[form])) or {})
    kept = {name.removeprefix(DATA): value for name, value in event.items() if name.startswith(DATA)}
    wanted = {name: value for name, value in DATA_OF_ONE.items() if form != "nxlog" or name != "ProcessID"}
    assert kept == wanted
    assert {
        name: event.get(name)
        for name in (
            *("winlog.channel", "winlog.event_id", "winlog.provider_name", "winlog.computer_name", "host.name"),
            *("@timestamp", "process.pid", "process.executable", "process.name", "user.name", "user.domain"),
            *("event.action", "event.category", "event.type"),
        )
    } == {
        "winlog.channel": CHANNEL,
        "winlog.event_id": 1,
        "winlog.provider_name": SYSMON,
        "host.name": "pc.example.org",
        "winlog.computer_name": "pc.example.org",
        "@timestamp": TIME,
        "process.pid": 16,
        "user.domain": "D",
        "process.executable": "C:\\a\\b.exe",
        "process.name": "b.exe",
        "user.name": "u",
        "event.action": "process-created",
        "event.category": "process",
        "event.type": "start",
    }


names = st.text(min_size=1, max_size=12).filter(lambda name: not any(name in each.slots for each in LAYOUTS))
scalars = st.text(max_size=30) | st.integers(-(2**63), 2**64 - 1) | st.booleans()


some_records = st.dictionaries(st.sampled_from(["Image", "User", "Q"]), scalars | st.none())


def written(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@settings(max_examples=200)
@given(values=st.dictionaries(names, scalars | st.none(), max_size=12))
def test_no_value_is_lost_or_renamed(values: dict[str, Any]) -> None:
    event = Composer().compose({"Provider_Name": "p", "EventID": 5, **values})
    assert event is not None
    kept = {name.removeprefix(DATA): value for name, value in event.items() if name.startswith(DATA)}
    assert kept == {name: written(value) for name, value in values.items() if value is not None}


@settings(max_examples=100)
@given(
    records=st.lists(
        st.dictionaries(st.sampled_from(["Image", "User", "Q"]), scalars | st.none()), min_size=2, max_size=8
    )
)
def test_plans_that_are_remembered_change_nothing(records: list[dict[str, Any]]) -> None:
    composer = Composer()
    for record in records:
        whole = FLAT | record
        assert composer.compose(whole) == Composer().compose(whole)


def held(composer: Composer) -> int:
    return sum(len(shape.plans) * len(names) for names, shape in composer._shapes.items())


@pytest.mark.parametrize("wide", [1, 200, 5_000])
def test_a_flood_of_shapes_does_not_fill_the_memory(wide: int) -> None:
    composer = Composer()
    for at in range(3_000 if wide < 5_000 else 5):
        composer.compose(FLAT | {f"name{at}-{number}": "x" for number in range(wide)})
        assert held(composer) <= 400_000
    assert (held(composer) > 0) == (wide < 5_000)


def test_a_flood_of_kinds_does_not_fill_the_memory() -> None:
    composer = Composer()
    for at in range(30_000):
        composer.compose(FLAT | {"EventID": at})
    assert 0 < held(composer) <= 400_000
    composer = Composer()
    composer.compose(FLAT | {"EventID": "9" * 10_000})
    assert held(composer) == 0


@pytest.mark.parametrize(
    ("values", "universal", "wanted"),
    [
        (["2026-11-26T00:00:00Z", "2026-11-25T00:00:00Z"], None, "2026-11-26T00:00:00Z"),
        (["NoneZ", "2026-11-26T00:00:00Z"], None, "2026-11-26T00:00:00Z"),
        (["None", "2026-11-26 10:00:00"], "2026-11-26 02:00:00", "2026-11-26 02:00:00Z"),
        (["None", "2026-11-26 10:00:00"], None, "2026-11-26 10:00:00"),
        (["2026-11-26 10:00:00", "2026-11-26T02:00:00+00:00"], None, "2026-11-26T02:00:00+00:00"),
        (["NoneZ"], None, "NoneZ"),
        ([None, {}, True], None, ""),
        ([1795651200.25], None, "2026-11-26T00:00:00.250000+00:00"),
        ([1795651200250], None, "2026-11-26T00:00:00.250000+00:00"),
        (["/Date(1795651200250)/"], None, "2026-11-26T00:00:00.250000+00:00"),
        ([1e300], None, ""),
    ],
)
def test_the_better_time_wins(values: list[Any], universal: Any, wanted: str) -> None:
    assert event_time(values, universal) == wanted


@pytest.mark.parametrize("text", ["", "[]", "{}", "1", '{"Event": 1}', '{"System": {}}', '{"a": 1, "EventID": 2}', "{"])
def test_what_is_no_windows_event(text: str) -> None:
    assert read(text) is None


def test_the_same_id_of_another_provider_means_nothing() -> None:
    event = read(json.dumps(FLAT | {"Provider_Name": "Microsoft-Windows-Kernel-IO", "Channel": "System"}))
    assert event is not None
    assert "event.action" not in event
