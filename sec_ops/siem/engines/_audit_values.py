"""Values of Linux audit records: quoted, hexadecimal, socket addresses. Source: the kernel's audit_log_untrustedstring.

A field that may hold anything is written in quotes when it is harmless and in hexadecimal otherwise.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from sec_ops.siem.parse.decoding import decode

__all__ = ["ENCODED", "decoded", "pairs", "socket_address", "unhex"]

ENCODED: Final = frozenset(
    {
        *("acct", "cmd", "comm", "cwd", "data", "dev", "device", "dir", "exe", "file", "grp", "invalid_context"),
        *("key", "name", "new", "ocomm", "old", "path", "proctitle", "root_dir", "sw", "vm", "watch", "unit"),
    }
)
"""Fields that the kernel or the audit library encodes when they hold blanks, quotes or control characters."""
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_PAIR = re.compile(r"(?<![\w\[\]-])([A-Za-z_][\w\[\]-]{0,63})=(\"[^\"]*\"?|'[^']*'?|\S*)")
_INET, _INET6, _UNIX = 2, 10, 1


def pairs(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a record's body, as written."""
    return [(name, value if "(" in value else value.rstrip(",)")) for name, value in _PAIR.findall(text)]


def unhex(text: str) -> str | None:
    """Return the text that hexadecimal digits stand for, None when they are none or cut in the middle of one."""
    return decode(bytes.fromhex(text)) if _HEXADECIMAL.fullmatch(text) else None


def decoded(name: str, value: str) -> str:
    """Return a value as it was before it was written."""
    if value[:1] in ("'", '"'):
        return value.strip(value[0])
    if name in ENCODED and (found := unhex(value)) is not None:
        return found
    return value


def socket_address(value: str) -> dict[str, Any]:
    """Return family, address, port or path of a socket address in hexadecimal; empty when it isn't one we know."""
    if not _HEXADECIMAL.fullmatch(value):
        return {}
    data = bytes.fromhex(value)
    family = int.from_bytes(data[:2], "little")
    if family == _INET and len(data) >= 8:
        return {"family": "inet", "address": str(IPv4Address(data[4:8])), "port": int.from_bytes(data[2:4], "big")}
    if family == _INET6 and len(data) >= 24:
        return {"family": "inet6", "address": str(IPv6Address(data[8:24])), "port": int.from_bytes(data[2:4], "big")}
    if family == _UNIX:
        path = data[2:].lstrip(b"\0").partition(b"\0")[0]
        return {"family": "unix", "path": decode(path)} if path else {"family": "unix"}
    return {}
