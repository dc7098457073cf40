"""Rules over shipped shapes: log sources become conditions, fields get the events' names, what can't fire says why."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sec_ops.content.library import Library
from sec_ops.detection.mapping.flattening import flattened
from sec_ops.detection.mapping.mapped import CannotFire, event_fields, mapped
from sec_ops.detection.mapping.recognition import recognised
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import ANY_MANY, All, Expression, Glob, Header, Level, LogSource, Reference, Rule, Test

ZONE = ZoneInfo("Asia/Shanghai")
SHAPES = load_shapes(Library.open(None))
BY_ID = {shape.id: shape for shape in SHAPES}
SYSMON = "Microsoft-Windows-Sysmon/Operational"


def rule(condition: Expression, source: LogSource) -> Rule:
    header = Header(id="r", name="r", title={"en": "r"}, level=Level.LOW)
    return Rule(header=header, source=source, condition=condition)


def ends(field: str, text: str) -> Test:
    return Test(field, Glob((ANY_MANY, text)))


CREATION, DELETED = LogSource("process_creation", "windows", ""), LogSource("registry_delete", "windows", "")
DATA_SETS = ("sshd", "sudo", "auditd", "cron", "syslog", "auth", "mysql.general", "nginx.access")
EVENTS: dict[str, dict[str, Any]] = {
    "windows_flat": {"EventID": 1, "Channel": SYSMON, "Image": "C:\\Windows\\cmd.exe"},
    "windows_nested": {
        "Event": {
            "System": {"EventID": {"#text": 1}, "Channel": SYSMON},
            "EventData": {"Image": "C:\\Windows\\cmd.exe"},
        }
    },
    "winlogbeat": {
        "@timestamp": "2026-11-26T03:00:00.111Z",
        "winlog": {"channel": SYSMON, "event_id": "1", "event_data": {"Image": "C:\\Windows\\cmd.exe"}},
    },
    "ecs": {
        "event.dataset": "windows",
        "sec_ops.parser": "windows-event",
        "winlog.channel": SYSMON,
        "winlog.event_id": 1,
        "winlog.event_data.Image": "C:\\Windows\\cmd.exe",
    },
}


@pytest.mark.parametrize("shape", sorted(EVENTS))
def test_one_rule_finds_the_same_event_in_every_shape(shape: str) -> None:
    found = recognised(SHAPES, EVENTS[shape])
    assert found is BY_ID[shape]
    expression = mapped(rule(ends("Image", "\\CMD.exe"), CREATION), found)
    assert not isinstance(expression, CannotFire)
    assert finds(expression, flattened(EVENTS[shape], found.content.flatten), ZONE)


def test_process_creation_comes_from_the_security_channel_too() -> None:
    expression = mapped(rule(ends("Image", "\\cmd.exe"), CREATION), BY_ID["windows_flat"])
    assert not isinstance(expression, CannotFire)
    own: dict[str, Any] = {"EventID": 4688, "Channel": "Security", "NewProcessName": "C:\\cmd.exe"}
    assert finds(expression, own, ZONE)
    assert not finds(expression, {**own, "Channel": SYSMON}, ZONE)
    assert not finds(expression, {"EventID": 1, "Channel": "Security", "Image": "C:\\cmd.exe"}, ZONE)


@pytest.mark.parametrize(
    ("source", "event", "expected"),
    [
        (LogSource("", "windows", "security"), {"Channel": "security"}, True),
        (LogSource("", "windows", "system"), {"Channel": "Security"}, False),
        (LogSource("", "windows", ""), {"Channel": "Application"}, True),
        (
            LogSource("registry_delete", "windows", ""),
            {"Channel": SYSMON, "EventID": 12, "EventType": "CreateKey"},
            False,
        ),
        (
            LogSource("registry_delete", "windows", ""),
            {"Channel": SYSMON, "EventID": 12, "EventType": "DeleteKey"},
            True,
        ),
        (
            LogSource("registry_add", "windows", ""),
            {"Channel": SYSMON, "EventID": 12, "EventType": "CreateValue"},
            True,
        ),
        (LogSource("ps_script", "windows", ""), {"Channel": "PowerShellCore/Operational", "EventID": 4104}, True),
    ],
)
def test_log_sources_are_told_apart(source: LogSource, event: dict[str, Any], expected: bool) -> None:
    expression = mapped(rule(All(()), source), BY_ID["windows_flat"])
    assert not isinstance(expression, CannotFire)
    assert finds(expression, {"EventID": 1, **event}, ZONE) is expected


@pytest.mark.parametrize(
    ("source", "event", "expected"),
    [
        (LogSource("webserver", "", ""), {"event.dataset": "nginx.access", "url.original": "/a?id=1"}, True),
        (LogSource("webserver", "", ""), {"event.dataset": "sshd", "url.original": "/a?id=1"}, False),
        (LogSource("webserver", "", "nginx"), {"event.dataset": "apache.access", "url.original": "/a?id=1"}, False),
        (LogSource("proxy", "", ""), {"event.dataset": "cef", "url.original": "/a?id=1"}, True),
        (LogSource("webserver", "", ""), {"event.dataset": "iis", "url.path": "/a?id=1"}, True),
    ],
)
def test_web_requests(source: LogSource, event: dict[str, str], expected: bool) -> None:
    expression = mapped(rule(ends("c-uri", "id=1"), source), BY_ID["ecs"])
    assert not isinstance(expression, CannotFire)
    assert finds(expression, event, ZONE) is expected


@pytest.mark.parametrize(
    "service", ["sshd", "sudo", "auditd", "cron", "syslog", "auth", "mysql.general", "nginx.access"]
)
def test_our_own_data_sets_are_log_sources(service: str) -> None:
    product = "" if "." in service else "linux"
    assert not isinstance(mapped(rule(All(()), LogSource("", product, service)), BY_ID["ecs"]), CannotFire)


def test_what_no_pipeline_serves_cannot_fire() -> None:
    found = mapped(rule(All(()), LogSource("", "azure", "signinlogs")), BY_ID["ecs"])
    assert isinstance(found, CannotFire)
    assert "azure/*/signinlogs" in str(found.reason)


def test_references_follow_their_field() -> None:
    condition = Test("Image", Reference("ParentImage"))
    expression = mapped(rule(condition, CREATION), BY_ID["ecs"])
    assert not isinstance(expression, CannotFire)
    event = {**EVENTS["ecs"], "winlog.event_data.ParentImage": "c:\\windows\\CMD.EXE"}
    assert finds(expression, event, ZONE)


@pytest.mark.parametrize(
    ("shape", "name", "expected"),
    [
        ("windows_flat", "Image", ("NewProcessName", "Image")),
        ("ecs", "Image", ("winlog.event_data.NewProcessName", "winlog.event_data.Image")),
        ("ecs", "EventID", ("winlog.event_id",)),
        ("ecs", "user.name", ("user.name",)),
        ("winlogbeat", "Anything", ("winlog.event_data.Anything",)),
    ],
)
def test_names_of_events_for_the_names_of_rules(shape: str, name: str, expected: tuple[str, ...]) -> None:
    assert event_fields(rule(ends("Image", "x"), CREATION), BY_ID[shape], name) == expected


@pytest.mark.parametrize(
    ("category", "event", "expected"),
    [
        ("file_event", {"event.type": "access"}, True),
        ("file_event", {"event.type": "creation", "auditd.paths.type": ["PARENT", "CREATE"]}, True),
        ("file_event", {"event.type": "deletion", "auditd.paths.type": ["PARENT", "DELETE"]}, False),
        ("file_create", {"event.type": "access", "auditd.paths.type": ["PARENT", "CREATE"]}, True),
        ("file_create", {"event.type": "access", "auditd.paths.type": "NORMAL"}, False),
    ],
)
def test_what_auditd_tells_of_files(category: str, event: dict[str, Any], expected: bool) -> None:
    expression = mapped(rule(ends("TargetFilename", "/cron.d/x"), LogSource(category, "linux", "")), BY_ID["ecs"])
    assert not isinstance(expression, CannotFire)
    whole = {"event.dataset": "auditd", "event.category": "file", "file.path": "/etc/cron.d/x", **event}
    assert finds(expression, whole, ZONE) is expected


def security(shape: str, label: str) -> dict[str, Any]:
    data = {"NewProcessName": "C:\\Windows\\cmd.exe", "MandatoryLabel": label}
    if shape == "windows_flat":
        return {"EventID": 4688, "Channel": "Security", **data}
    if shape == "windows_nested":
        return {"Event": {"System": {"EventID": 4688, "Channel": "Security"}, "EventData": data}}
    if shape == "winlogbeat":
        winlog = {"channel": "Security", "event_id": "4688", "event_data": data}
        return {"@timestamp": "2026-11-26T03:00:00.111Z", "winlog": winlog}
    named = {f"winlog.event_data.{name}": value for name, value in data.items()}
    return {
        "event.dataset": "windows",
        "sec_ops.parser": "windows-event",
        "winlog.channel": "Security",
        "winlog.event_id": 4688,
        **named,
    }


LEVELS = [
    ("High", "S-1-16-12288", True),
    ("system", "S-1-16-16384", True),
    ("S-1-16-16384", "S-1-16-16384", True),
    ("High", "S-1-16-8192", False),
    ("Low", "Low", False),
]


@pytest.mark.parametrize("shape", sorted(EVENTS))
@pytest.mark.parametrize(("asked", "label", "found"), LEVELS)
def test_levels_of_integrity_are_asked_as_the_security_channel_writes_them(
    shape: str, asked: str, label: str, found: bool
) -> None:
    event = security(shape, label)
    wanted = Test("IntegrityLevel", Glob((asked,)))
    expression = mapped(rule(All((ends("Image", "\\cmd.exe"), wanted)), CREATION), BY_ID[shape])
    assert not isinstance(expression, CannotFire)
    assert finds(expression, flattened(event, BY_ID[shape].content.flatten), ZONE) is found


def test_sysmon_says_levels_of_integrity_by_name() -> None:
    expression = mapped(rule(Test("IntegrityLevel", Glob(("High",))), CREATION), BY_ID["windows_flat"])
    assert not isinstance(expression, CannotFire)
    event: dict[str, Any] = {"EventID": 1, "Channel": SYSMON, "IntegrityLevel": "High"}
    assert finds(expression, event, ZONE)
    assert not finds(expression, {**event, "IntegrityLevel": "S-1-16-12288"}, ZONE)
