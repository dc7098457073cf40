"""How a value of EventData becomes an ECS field beside it; a value that says nothing (`-`, empty) makes none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

from sec_ops.siem.events import Event, FieldType

__all__ = [
    "Copy",
    "Same",
    "account",
    "address",
    "answers",
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

_NOTHING = frozenset({"", "-", "(null)", "<unknown process>"})
_LONG = 1 << 63
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Copy:
    """`write` puts what a value says into the event and never raises; `fields` are all that it may write."""

    write: Callable[[str, Event], None]
    fields: Mapping[str, FieldType]


@dataclass(frozen=True, slots=True)
class Same:
    """A copy of the value whatever it is; plans make it without a call."""

    target: str


def _words(*fields: str) -> dict[str, FieldType]:
    return dict.fromkeys(fields, FieldType.KEYWORD)


def text(target: str) -> Copy:
    """Return a copy of text that says something."""

    def copy(value: str, event: Event) -> None:
        if value not in _NOTHING:
            event[target] = value

    return Copy(copy, _words(target))


def lower(target: str) -> Copy:
    """Return a copy in small letters."""

    def copy(value: str, event: Event) -> None:
        if value not in _NOTHING:
            event[target] = value.lower()

    return Copy(copy, _words(target))


def status(target: str, words: Mapping[str, str]) -> Copy:
    """Return a copy by a table of values in small letters; what stands in none makes no field."""

    def copy(value: str, event: Event) -> None:
        word = words.get(value.lower())
        if word is not None:
            event[target] = word

    return Copy(copy, _words(target))


def number(target: str) -> Copy:
    """Return a copy of a decimal or hexadecimal (`0x1f4`) whole number of 64 bits."""

    def copy(value: str, event: Event) -> None:
        found = _number(value)
        if found is not None:
            event[target] = found

    return Copy(copy, {target: FieldType.LONG})


@lru_cache(_REMEMBERED)
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

    def copy(value: str, event: Event) -> None:
        found = _address(value)
        if found:
            event[target] = found

    return Copy(copy, {target: FieldType.IP})


@lru_cache(_REMEMBERED)
def _address(value: str) -> str:
    if len(value) > 100:
        return ""
    try:
        found = ip_address(value.strip().strip("[]").partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def program(prefix: str) -> Copy:
    r"""Return a copy of a program's path (`C:\a\b.exe`) as `<prefix>.executable` and `<prefix>.name`."""
    executable, name = f"{prefix}.executable", f"{prefix}.name"

    def copy(value: str, event: Event) -> None:
        if value not in _NOTHING:
            event[executable] = value
            event[name] = value[value.rfind("\\") + 1 :]

    return Copy(copy, _words(executable, name))


def file(prefix: str) -> Copy:
    r"""Return a copy of a path as `<prefix>.path`, `.name` and `.extension`."""
    path, name, extension = f"{prefix}.path", f"{prefix}.name", f"{prefix}.extension"

    def copy(value: str, event: Event) -> None:
        if value in _NOTHING:
            return
        event[path] = value
        event[name] = last = value[value.rfind("\\") + 1 :]
        _, dot, end = last.rpartition(".")
        if dot and end:
            event[extension] = end.lower()

    return Copy(copy, _words(path, name, extension))


def account(prefix: str) -> Copy:
    r"""Return a copy of `DOMAIN\name` as `<prefix>.domain` and `<prefix>.name`."""
    domain, name = f"{prefix}.domain", f"{prefix}.name"

    def copy(value: str, event: Event) -> None:
        if value in _NOTHING:
            return
        before, slash, after = value.rpartition("\\")
        event[name] = after
        if slash:
            event[domain] = before

    return Copy(copy, _words(domain, name))


def _member(value: str, event: Event) -> None:
    """Copy a group member's distinguished name: its CN is the account `user.target.name`."""
    if value[:3].upper() == "CN=":
        event["user.target.name"] = value[3:].partition(",")[0]


member: Final = Copy(_member, _words("user.target.name"))


def hashes(prefix: str) -> Copy:
    """Return a copy of Sysmon's `SHA1=…,MD5=…,IMPHASH=…` as `<prefix>.hash.*` and `<prefix>.pe.imphash`."""
    names = {kind: f"{prefix}.hash.{kind.lower()}" for kind in ("MD5", "SHA1", "SHA256")}
    names["IMPHASH"] = f"{prefix}.pe.imphash"

    def copy(value: str, event: Event) -> None:
        for pair in value[:1000].split(","):
            kind, _, digest = pair.partition("=")
            target = names.get(kind.strip().upper())
            if target and digest:
                event[target] = digest.lower()

    return Copy(copy, _words(*names.values()))


def _registry(value: str, event: Event) -> None:
    r"""Copy `HKLM\Software\…\Name` as `registry.path`, `registry.hive` and `registry.value`, the last part."""
    event["registry.path"] = value
    hive, slash, rest = value.partition("\\")
    if slash:
        event["registry.hive"] = hive
        event["registry.value"] = rest[rest.rfind("\\") + 1 :]


registry: Final = Copy(_registry, _words("registry.path", "registry.hive", "registry.value"))


def _answers(value: str, event: Event) -> None:
    """Copy the addresses among Sysmon's DNS results (`type:  5 name;::ffff:192.0.2.1;`) as `dns.resolved_ip`."""
    found: list[Any] = list(dict.fromkeys(ip for ip in map(_address, value[:10_000].split(";")) if ip))
    if found:
        event["dns.resolved_ip"] = found if len(found) > 1 else found[0]


answers: Final = Copy(_answers, {"dns.resolved_ip": FieldType.IP})
