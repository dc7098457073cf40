"""Messages of network devices: what stands before the mark, the mark, attributes, and patterns of content."""

from typing import Any

import pytest

from sec_ops.siem.engines import network_device

VRP = network_device.compile_engine({"style": "vrp"})
COMWARE = network_device.compile_engine({"style": "comware"})
CISCO = network_device.compile_engine({"style": "cisco"})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "<189>Nov 26 2026 08:00:00+08:00 SW-教学楼 %%01SHELL/5/LOGIN(s)[12]:VTY login from 192.0.2.7.",
            {"priority": "189", "timestamp": "Nov 26 2026 08:00:00+08:00", "host": "SW-教学楼", "module": "SHELL"}
            | {"severity": "5", "level": "notice", "mnemonic": "LOGIN", "kind": "s", "number": "12", "format": "01"}
            | {"text": "VTY login from 192.0.2.7."},
        ),
        (
            '<187>2026-11-26 08:00:00.123 core1 %%01IFNET/4/STATE(l):CID=0x807a0428;Changed. (IfName=GE1, Why="a, b")',
            {"priority": "187", "timestamp": "2026-11-26 08:00:00.123", "host": "core1", "module": "IFNET"}
            | {"severity": "4", "level": "warning", "mnemonic": "STATE", "kind": "l", "format": "01"}
            | {"attributes": {"component": "CID=0x807a0428", "IfName": "GE1", "Why": "a, b"}}
            | {"text": 'Changed. (IfName=GE1, Why="a, b")'},
        ),
        (
            "Nov 26 08:00:01 relay.example.org Nov 26 2026 00:00:00 DST core1 %%01A/6/B(l):x",
            {
                "timestamp": "Nov 26 2026 00:00:00",
                "host": "core1",
                "module": "A",
                "severity": "6",
                "level": "informational",
                "mnemonic": "B",
            }
            | {"kind": "l", "format": "01", "text": "x"},
        ),
    ],
)
def test_vrp(text: str, wanted: dict[str, Any]) -> None:
    assert VRP(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "<190>Nov 26 08:00:00 2026 SW1 %%10SHELL/6/SHELL_CMD: -Line=vty0-IPAddr=192.0.2.7-User=a-1; Command is dis",
            {"priority": "190", "timestamp": "Nov 26 08:00:00 2026", "host": "SW1", "module": "SHELL", "format": "10"}
            | {"severity": "6", "level": "informational", "mnemonic": "SHELL_CMD", "text": "Command is dis"}
            | {"attributes": {"Line": "vty0", "IPAddr": "192.0.2.7", "User": "a-1"}},
        ),
        (
            "%Nov 26 08:00:00:123 2026 SW1 IFNET/3/PHY_UPDOWN: -MDC=1; -Slot=2; Physical state changed to down.",
            {
                "timestamp": "Nov 26 08:00:00.123 2026",
                "host": "SW1",
                "module": "IFNET",
                "severity": "3",
                "level": "error",
            }
            | {"mnemonic": "PHY_UPDOWN", "text": "Physical state changed to down."}
            | {"attributes": {"MDC": "1", "Slot": "2"}},
        ),
        (
            "<189>Nov 26 08:00:00 2026 SW1 %%10SHELL/5/SHELL_LOGIN(l): VTY logged in from 192.0.2.21.",
            {"priority": "189", "timestamp": "Nov 26 08:00:00 2026", "host": "SW1", "module": "SHELL", "format": "10"}
            | {"severity": "5", "level": "notice", "mnemonic": "SHELL_LOGIN", "text": "VTY logged in from 192.0.2.21."},
        ),
    ],
)
def test_comware(text: str, wanted: dict[str, Any]) -> None:
    assert COMWARE(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "<189>45: SW1: *Nov 26 08:00:00.123 CST: %SYS-5-CONFIG_I: Configured from console by admin",
            {"priority": "189", "sequence": "45", "host": "SW1", "timestamp": "Nov 26 08:00:00.123 CST"},
        ),
        (
            "<189>: 2026 Nov 26 08:00:00 CST: %SYS-5-CONFIG_I: Configured from console by admin",
            {"priority": "189", "timestamp": "2026 Nov 26 08:00:00 CST"},
        ),
        (
            "Nov 26 08:00:01 192.0.2.1 00123: .Nov 26 2026 08:00:00: %SYS-5-CONFIG_I: Configured from console by admin",
            {"host": "192.0.2.1", "sequence": "00123", "timestamp": "Nov 26 2026 08:00:00"},
        ),
        ("00:00:46: %SYS-5-CONFIG_I: Configured from console by admin", {"uptime": "00:00:46"}),
        ("1w2d: %SYS-5-CONFIG_I: Configured from console by admin", {"uptime": "1w2d"}),
    ],
)
def test_what_stands_before_the_mark_of_cisco(text: str, wanted: dict[str, str]) -> None:
    said = {
        "module": "SYS",
        "severity": "5",
        "level": "notice",
        "mnemonic": "CONFIG_I",
        "text": "Configured from console by admin",
    }
    assert CISCO(text) == wanted | said


def test_the_mark_of_an_appliance_has_more_parts() -> None:
    found = CISCO("<166>Nov 26 2026 08:00:00 fw1 : %ASA-session-6-302013: Built inbound TCP connection")
    assert found is not None
    assert (found["module"], found["severity"], found["mnemonic"], found["host"]) == (
        *("ASA-session", "6", "302013"),
        "fw1",
    )


@pytest.mark.parametrize("read", [VRP, COMWARE, CISCO])
@pytest.mark.parametrize("text", ["", "hello", "<189>Nov 26 08:00:00 host sshd[1]: x", "x" * 600 + "%%01A/5/B(l):c"])
def test_what_is_no_such_message(read: Any, text: str) -> None:
    assert read(text) is None


def test_patterns_are_chosen_by_the_message() -> None:
    messages = [
        {
            "of": ["SHELL/LOGIN"],
            "match": r"^(?P<line>\w+) login from (?P<source__ip>\S+?)\.?$",
            "set": {"event.action": "in"},
        },
        {"of": ["LOGIN"], "set": {"event.action": "some login"}},
        {"of": ["SHELL/CMD*"], "match": "(?P<x>x)"},
    ]
    read = network_device.compile_engine({"style": "vrp", "messages": messages})

    def said(text: str) -> dict[str, Any]:
        return {
            name: value
            for name, value in (read(text) or {}).items()
            if name in {"line", "source.ip", "event.action", "x"}
        }

    assert said("%%01SHELL/5/LOGIN(l):VTY login from 192.0.2.7.") == {
        "line": "VTY",
        "source.ip": "192.0.2.7",
        "event.action": "in",
    }
    assert said("%%01SHELL/5/LOGIN(l):something else") == {"event.action": "some login"}
    assert said("%%01AAA/5/LOGIN(l):y") == {"event.action": "some login"}
    assert said("%%01SHELL/5/CMDRECORD(l):x") == {"x": "x"}
    assert said("%%01SHELL/5/CMDRECORD(l):y") == {}


@pytest.mark.parametrize(
    "options",
    [
        {"style": "junos"},
        {"messages": {}},
        {"messages": [{"match": "x"}]},
        {"messages": [{"of": "LOGIN"}]},
        {"messages": [{"of": ["A"], "match": "("}]},
        {"messages": [{"of": ["A"], "else": {}}]},
    ],
)
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        network_device.compile_engine(options)
