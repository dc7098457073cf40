"""Packets that the Linux firewall logs (iptables, nftables, UFW): `[prefix] IN=eth0 OUT= SRC=… PROTO=TCP SPT=…`.

Source: the kernel's net/netfilter/nf_log_syslog.c. Names given: `prefix`, `action` (of UFW), the packet's own names in
lower case, `flags` (TCP flags and fragment bits), `source_mac`, `destination_mac`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sec_ops.siem.engines import Extract, Extracted

__all__ = ["OPTIONS", "compile_engine"]

OPTIONS: frozenset[str] = frozenset()
_UPTIME = re.compile(r"\[ *\d{1,12}\.\d{6}\] ?")
_UFW = re.compile(r"\[UFW ([A-Z ]{1,32})\]")
_BEGINNING = re.compile(r"(?:^|[\s\]])(IN=\S* OUT=)")
_FLAGS: Final = frozenset({"SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR", "DF", "MF", "CE"})
_MAC_BYTES: Final = 14


def compile_engine(options: Mapping[str, Any]) -> Extract:  # noqa: ARG001 - it has no options
    """Return the extraction."""
    return _extract


def _extract(text: str) -> Extracted | None:
    uptime = _UPTIME.match(text)
    at = uptime.end() if uptime else 0
    start = _BEGINNING.search(text, at, at + 512)
    if start is None:
        return None
    found: dict[str, Any] = {}
    prefix = text[at : start.start(1)].strip().rstrip(":")
    if prefix:
        found["prefix"] = prefix
    if (ufw := _UFW.search(prefix)) is not None:
        found["action"], found["prefix"] = ufw[1].lower(), f"UFW {ufw[1]}"
    _packet(text[start.start(1) :], found)
    return found


def _packet(text: str, found: dict[str, Any]) -> None:
    """Read the packet's words; those of an inner packet, which an ICMP error quotes in brackets, are left alone."""
    outer, _, _quoted = text.partition(" [")
    flags = []
    for word in outer.split(" ")[:100]:
        name, sign, value = word.partition("=")
        if sign and value:
            found.setdefault(name.lower(), value)
        elif name in _FLAGS:
            flags.append(name)
    if flags:
        found["flags"] = flags
    hardware = found.pop("mac", "").split(":")
    if len(hardware) >= _MAC_BYTES:
        found["destination_mac"], found["source_mac"] = "-".join(hardware[:6]).upper(), "-".join(hardware[6:12]).upper()
