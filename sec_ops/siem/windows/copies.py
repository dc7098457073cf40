"""How a value of EventData becomes ECS fields beside it; a value that says nothing (`-`, empty) makes none."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from operator import is_
from typing import Any, Final

from sec_ops.siem.events import FieldType

__all__ = [
    "BETWEEN",
    "Copy",
    "Same",
    "account",
    "address",
    "answers",
    "audited_data",
    "audited_registry",
    "file",
    "hashes",
    "lower",
    "member",
    "number",
    "program",
    "registry",
    "status",
    "text",
]

BETWEEN: Final = "\0"
"""What stands between the values of several names that one copy reads."""
_NOTHING = frozenset({"", "-", "(null)", "<unknown process>"})
_LONG = 1 << 63
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Copy:
    """`read` returns what a value says: a value for each of `fields`, None where it says nothing of it; never raises.

    With a single field it returns that value alone.
    """

    read: Callable[[str], Any]
    fields: Mapping[str, FieldType]

    def columns(self, values: Sequence[str]) -> Sequence[Sequence[Any]]:
        """Return the columns of the fields, in their order; a value that repeats is read once."""
        distinct = list(set(values))
        read = list(map(self.read, distinct))
        return [
            _column(values, distinct, said) for said in ([read] if len(self.fields) == 1 else zip(*read, strict=True))
        ]


def _column(values: Sequence[str], distinct: Sequence[str], said: Sequence[Any]) -> Sequence[Any]:
    if all(map(is_, distinct, said)):
        return values  # the very column, so that it is packed once
    known = dict(zip(distinct, said, strict=True))
    return [known[value] for value in values]


@dataclass(frozen=True, slots=True)
class Same:
    """A copy of the value whatever it is; plans make it without a call."""

    target: str


def _words(*fields: str) -> dict[str, FieldType]:
    return dict.fromkeys(fields, FieldType.KEYWORD)


def text(target: str) -> Copy:
    """Return a copy of text that says something."""
    return Copy(_said, _words(target))


def _said(value: str) -> str | None:
    return None if value in _NOTHING else value


def lower(target: str) -> Copy:
    """Return a copy in small letters."""
    return Copy(lambda value: None if value in _NOTHING else value.lower(), _words(target))


def status(target: str, words: Mapping[str, str]) -> Copy:
    """Return a copy by a table of values in small letters; what stands in none makes no field."""
    return Copy(lambda value: words.get(value.lower()), _words(target))


def number(target: str) -> Copy:
    """Return a copy of a decimal or hexadecimal (`0x1f4`) whole number of 64 bits."""
    return Copy(_number, {target: FieldType.LONG})


def _number(value: str) -> int | None:
    if len(value) > 20:
        return None
    try:
        found = int(value, 16) if value[:2] in {"0x", "0X"} else int(value)
    except ValueError:
        return None
    return found if -_LONG <= found < _LONG else None


def address(target: str) -> Copy:
    """Return a copy of an IP address in its shortest form, an IPv4 one out of its IPv6 mapping."""
    return Copy(_shortest, {target: FieldType.IP})


def _shortest(value: str) -> str | None:
    return _address(value) if len(value) <= 100 else None


@lru_cache(_REMEMBERED)
def _address(value: str) -> str | None:
    try:
        found = ip_address(value.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def program(prefix: str) -> Copy:
    r"""Return a copy of a program's path (`C:\a\b.exe`) as `<prefix>.executable` and `<prefix>.name`."""
    return Copy(_program, _words(f"{prefix}.executable", f"{prefix}.name"))


def _program(value: str) -> tuple[str | None, ...]:
    return (None, None) if value in _NOTHING else (value, value[value.rfind("\\") + 1 :])


def file(prefix: str) -> Copy:
    r"""Return a copy of a path as `<prefix>.path`, `.name` and `.extension`."""
    return Copy(_file, _words(f"{prefix}.path", f"{prefix}.name", f"{prefix}.extension"))


def _file(value: str) -> tuple[str | None, ...]:
    if value in _NOTHING:
        return None, None, None
    last = value[value.rfind("\\") + 1 :]
    _, dot, end = last.rpartition(".")
    return value, last, end.lower() if dot and end else None


def account(prefix: str) -> Copy:
    r"""Return a copy of `DOMAIN\name` as `<prefix>.domain` and `<prefix>.name`."""
    return Copy(_account, _words(f"{prefix}.domain", f"{prefix}.name"))


def _account(value: str) -> tuple[str | None, ...]:
    if value in _NOTHING:
        return None, None
    before, slash, after = value.rpartition("\\")
    return before if slash else None, after


def _member(value: str) -> str | None:
    """Return a group member's name: the CN of its distinguished name is an account."""
    return value[3:].partition(",")[0] if value[:3].upper() == "CN=" else None


member: Final = Copy(_member, _words("user.target.name"))


def hashes(prefix: str) -> Copy:
    """Return a copy of Sysmon's `SHA1=…,MD5=…,IMPHASH=…` as `<prefix>.hash.*` and `<prefix>.pe.imphash`."""
    names = [f"{prefix}.hash.{kind.lower()}" for kind in _DIGESTS[:-1]]
    return Copy(_hashes, _words(*names, f"{prefix}.pe.imphash"))


_DIGESTS: Final = ("MD5", "SHA1", "SHA256", "IMPHASH")


def _hashes(value: str) -> tuple[str | None, ...]:
    found: dict[str, str] = {}
    for pair in value[:1000].split(","):
        kind, _, digest = pair.partition("=")
        if digest:
            found[kind.strip().upper()] = digest.lower()
    return tuple(map(found.get, _DIGESTS))


def _registry(value: str) -> tuple[str | None, ...]:
    r"""Return `HKLM\Software\…\Name` as path, hive and value, the last part."""
    hive, slash, rest = value.partition("\\")
    return (value, hive, rest[rest.rfind("\\") + 1 :]) if slash else (value, None, None)


registry: Final = Copy(_registry, _words("registry.path", "registry.hive", "registry.value"))


_HIVES: Final = (
    (
        re.compile(r"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet\d{3}(?=\\|$)", re.IGNORECASE),
        r"HKLM\\System\\CurrentControlSet",
    ),
    (re.compile(r"\\REGISTRY\\MACHINE(?=\\|$)", re.IGNORECASE), "HKLM"),
    (re.compile(r"\\REGISTRY\\USER(?=\\|$)", re.IGNORECASE), "HKU"),
)
"""Kernel's names of hives by those that Sysmon writes. Source: Sysmon documentation, "Event ID 12"."""


def _audited(values: str) -> tuple[str | None, ...]:
    """Return a key and the name of its value (4657) as Sysmon writes them, as path, hive and value."""
    key, _, name = values.partition(BETWEEN)
    for kernel, written in _HIVES:
        if kernel.match(key):
            key = kernel.sub(written, key, count=1)
            break
    hive, slash, _ = key.partition("\\")
    path = key if name in _NOTHING else f"{key}\\{name}"
    return path, hive if slash and hive else None, _said(name)


audited_registry: Final = Copy(_audited, _words("registry.path", "registry.hive", "registry.value"))


def _audited_data(values: str) -> str | None:
    """Return the new value (4657) by its type, as Sysmon writes it: `DWORD (0x00000001)`."""
    kind, _, value = values.partition(BETWEEN)
    try:
        number_ = int(value[:20], 0)
    except ValueError:
        return _said(value)
    if kind in _DWORDS and 0 <= number_ < 1 << 32:
        return f"DWORD (0x{number_:08x})"
    if kind in _QWORDS and 0 <= number_ < 1 << 64:
        return f"QWORD (0x{number_ >> 32:08x}-0x{number_ & 0xFFFFFFFF:08x})"
    return _said(value)


_DWORDS, _QWORDS = frozenset(("%%1876", "REG_DWORD")), frozenset(("%%1883", "REG_QWORD"))
audited_data: Final = Copy(_audited_data, _words("registry.data.strings"))


def _answers(value: str) -> Any:  # noqa: ANN401 - one address or a list of them
    """Return the addresses among Sysmon's DNS results (`type:  5 name;::ffff:192.0.2.1;`)."""
    found = list(dict.fromkeys(ip for ip in map(_shortest, value[:10_000].split(";")) if ip))
    return found if len(found) > 1 else found[0] if found else None


answers: Final = Copy(_answers, {"dns.resolved_ip": FieldType.IP})
