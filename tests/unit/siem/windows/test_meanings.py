"""The tables of events: every kind that has to be told is there, in ECS words, and copied to catalogued fields only."""

import pytest

from sec_ops.siem.events import Event, FieldType
from sec_ops.siem.parse.loading import field_types
from sec_ops.siem.windows.copies import BETWEEN, Same, audited_data, audited_registry
from sec_ops.siem.windows.kinds import kind_of
from sec_ops.siem.windows.meanings import Meaning
from sec_ops.siem.windows.security import EVENT_LOG, SECURITY, SERVICES
from sec_ops.siem.windows.sysmon import SYSMON
from tests.content.parser_samples import library

EVERY = [
    *((f"sysmon-{code}", meaning) for code, meaning in SYSMON.items()),
    *((f"security-{code}", meaning) for code, meaning in (SECURITY | EVENT_LOG | SERVICES).items()),
]
every = pytest.mark.parametrize("meaning", [meaning for _, meaning in EVERY], ids=[name for name, _ in EVERY])
CATEGORIES = (
    *("api", "authentication", "configuration", "database", "driver", "email", "file", "host", "iam"),
    *("intrusion_detection", "library", "malware", "network", "package", "process", "registry", "session"),
    *("threat", "vulnerability", "web"),
)
TYPES = (
    *("access", "admin", "allowed", "change", "connection", "creation", "deletion", "denied", "device", "end"),
    *("error", "group", "indicator", "info", "installation", "protocol", "start", "user"),
)
VALUES = (
    *(
        "0x10",
        "192.0.2.1",
        "C:\\a\\b.exe",
        "D\\u",
        "CN=x,DC=y",
        "MD5=a,SHA1=b,SHA256=c,IMPHASH=d",
        "true",
        "valid",
        "tcp",
    ),
    *("type:  5 x;::ffff:192.0.2.1;", "HKLM\\a\\b", "", "-"),
    *("%%1876\01", "%%1876\0x", "%%1883\0-1", "\\REGISTRY\\USER\\a\0b", "\0"),
)


@pytest.mark.parametrize("code", range(1, 27))
def test_sysmon_is_told(code: int) -> None:
    assert kind_of("Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", str(code)) is SYSMON[code]


@pytest.mark.parametrize(
    "code",
    [
        *(4624, 4625, 4634, 4648, 4672, 4688, 4697, 4720, 4722, 4723, 4724, 4725, 4726, 4728, 4732, 4740),
    ],
)
def test_audits_are_told(code: int) -> None:
    assert kind_of("Microsoft-Windows-Security-Auditing", "Security", str(code)) is SECURITY[code]
    assert kind_of("", "security", str(code)) is SECURITY[code]


@pytest.mark.parametrize(
    ("provider", "channel", "code", "action"),
    [
        ("Microsoft-Windows-Eventlog", "Security", "1102", "audit-log-cleared"),
        ("Microsoft-Windows-Eventlog", "System", "104", "system-log-cleared"),
        ("Service Control Manager", "System", "7045", "service-installed"),
        ("", "System", "7045", "service-installed"),
    ],
)
def test_what_matters_elsewhere(provider: str, channel: str, code: str, action: str) -> None:
    found = kind_of(provider, channel, code)
    assert found is not None
    assert found.action == action


@pytest.mark.parametrize(
    ("provider", "channel", "code"),
    [("Other", "Security", "4624"), ("", "Other", "1"), ("Microsoft-Windows-Sysmon", "", "x"), ("", "", "")],
)
def test_what_is_nobody_elses(provider: str, channel: str, code: str) -> None:
    assert kind_of(provider, channel, code) is None


@every
def test_words_are_of_ecs(meaning: Meaning) -> None:
    assert set(meaning.category) <= set(CATEGORIES)
    assert set(meaning.type) <= set(TYPES)
    assert meaning.outcome in {"", "success", "failure"}


@every
def test_copies_go_to_catalogued_fields_of_their_type(meaning: Meaning) -> None:
    types = field_types(library())
    python = {FieldType.LONG: int, FieldType.BOOLEAN: bool}
    for name, copy in meaning.copies:
        for value in VALUES:
            event: Event = {}
            if isinstance(copy, Same):
                event[copy.target] = value
            else:
                columns = copy.columns([value])
                event = {name: made for name, (made,) in zip(copy.fields, columns, strict=True) if made is not None}
                assert all(types.of(field) in (kind, FieldType.TEXT) for field, kind in copy.fields.items())
            for field, got in event.items():
                assert field in types.types, (name, field)
                assert isinstance(got, list | python.get(types.of(field), str)), (name, field, got)


@pytest.mark.parametrize(
    ("key", "name", "told"),
    [
        (
            "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\x",
            "Start",
            ("HKLM\\System\\CurrentControlSet\\Services\\x\\Start", "HKLM", "Start"),
        ),
        ("\\Registry\\Machine\\SOFTWARE", "", ("HKLM\\SOFTWARE", "HKLM", None)),
        ("\\REGISTRY\\USER\\S-1-5-21-1\\Software", "a\\b", ("HKU\\S-1-5-21-1\\Software\\a\\b", "HKU", "a\\b")),
        ("\\REGISTRY\\MACHINES\\x", "y", ("\\REGISTRY\\MACHINES\\x\\y", None, "y")),
        ("x", "-", ("x", None, None)),
    ],
)
def test_audited_keys_are_written_as_sysmon_writes_them(key: str, name: str, told: tuple[str | None, ...]) -> None:
    columns = audited_registry.columns([f"{key}{BETWEEN}{name}"])
    assert tuple(made for (made,) in columns) == told


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("%%1876", "1", "DWORD (0x00000001)"),
        ("%%1876", "0xff", "DWORD (0x000000ff)"),
        ("%%1876", "-1", "-1"),
        ("%%1883", "0x8000000000000000", "QWORD (0x80000000-0x00000000)"),
        ("%%1873", "1", "1"),
        ("%%1876", "many", "many"),
        ("%%1873", "-", None),
    ],
)
def test_audited_values_are_written_as_sysmon_writes_them(kind: str, value: str, told: str | None) -> None:
    assert audited_data.columns([f"{kind}{BETWEEN}{value}"]) == [[told]]
