"""Every field that SigmaHQ's rules for Windows name is reachable, with the value the event had, whoever wrote it.

The names, in sigma_names.txt beside this, are those of the 2,858 rules for product windows at commit 8eaafff of
2026-08-05: 211 fields, and keywords that name none.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sec_ops.siem.engines import windows_json

NAMES = Path(__file__).with_name("sigma_names.txt").read_text(encoding="utf-8").split()
OF_SYSTEM = {
    "Channel": "winlog.channel",
    "EventID": "event.code",
    "Keywords": "winlog.keywords",
    "Level": "winlog.level",
    "Message": "message",
    "Provider": "winlog.provider_name",
    "Provider_Name": "winlog.provider_name",
}
"""Sigma's names of System's values; all others are names of EventData."""
read = windows_json.compile_engine({})
DATA = {name: f"value of {name}" for name in NAMES if name not in OF_SYSTEM}
SYSTEM = {"EventID": 4711, "Channel": "Some/Channel", "Computer": "pc.example.org", "Level": 3, "Keywords": "0x80"}


def field_of(name: str) -> str:
    return OF_SYSTEM.get(name, f"winlog.event_data.{name}")


def wanted(name: str) -> Any:
    of_system = {
        "EventID": "4711",
        "Provider": "Some-Provider",
        "Provider_Name": "Some-Provider",
        "Message": "rendered",
    }
    return DATA.get(name) or of_system.get(name) or SYSTEM[name]


FORMS: dict[str, dict[str, Any]] = {
    "flat": {**SYSTEM, "Provider_Name": "Some-Provider", "Message": "rendered", **DATA},
    "evtx": {
        "Event": {
            "System": {**SYSTEM, "Provider": {"#attributes": {"Name": "Some-Provider"}}},
            "EventData": DATA,
            "RenderingInfo": {"Message": "rendered"},
        }
    },
    "winlogbeat": {
        "message": "rendered",
        "winlog": {
            "event_id": 4711,
            "channel": "Some/Channel",
            "computer_name": "pc.example.org",
            "level": 3,
            "keywords": "0x80",
            "provider_name": "Some-Provider",
            "event_data": DATA,
        },
    },
}


def test_there_are_as_many_as_the_rules_name() -> None:
    assert len(set(NAMES)) == len(NAMES) == 211


@pytest.mark.parametrize("form", sorted(FORMS))
def test_each_is_reachable(form: str) -> None:
    event = dict(read(json.dumps(FORMS[form])) or {})
    found = {name: event.get(field_of(name)) for name in NAMES}
    assert found == {name: wanted(name) for name in NAMES}


def test_user_data_is_reached_like_event_data() -> None:
    data = {name: value for name, value in DATA.items() if not name.startswith("xmlns")}
    nested = {"Event": {"System": SYSTEM, "UserData": {"Some": {"#attributes": {"xmlns": "x"}, **data}}}}
    event = dict(read(json.dumps(nested)) or {})
    assert {name: event.get(field_of(name)) for name in DATA} == DATA
