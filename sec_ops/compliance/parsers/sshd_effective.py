"""The settings sshd really uses, as `sshd -T` prints them."""

from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()
_COMMA_LISTS = frozenset(
    {
        "casignaturealgorithms",
        "ciphers",
        "hostbasedacceptedalgorithms",
        "hostbasedacceptedkeytypes",
        "hostkeyalgorithms",
        "kexalgorithms",
        "macs",
        "pubkeyacceptedalgorithms",
        "pubkeyacceptedkeytypes",
    }
)
_REPEATED = frozenset(
    {
        "acceptenv",
        "allowgroups",
        "allowusers",
        "denygroups",
        "denyusers",
        "hostcertificate",
        "hostkey",
        "listenaddress",
        "permitlisten",
        "permitopen",
        "port",
        "setenv",
        "subsystem",
    }
)


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return lower-case key -> string; algorithms and keys that may be repeated -> list of strings.

    Raises ValueError for text that isn't the whole of `sshd -T`.
    """
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        if line.strip():
            _add(found, line.strip())
    if "port" not in found or "permitrootlogin" not in found:
        raise ValueError("not the output of sshd -T")
    return found


def _add(found: dict[str, Any], line: str) -> None:
    key, _, value = line.partition(" ")
    key, value = key.lower(), value.strip()
    if key in _COMMA_LISTS:
        found[key] = [item for item in value.split(",") if item]
    elif key in _REPEATED:
        found.setdefault(key, []).append(value)
    elif key in found:
        earlier = found[key]
        found[key] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    else:
        found[key] = value
