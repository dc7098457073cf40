"""Samba's shares (smb.conf(5))."""

from collections.abc import Mapping
from typing import Any, Final

OPTIONS: frozenset[str] = frozenset()
_YES = frozenset({"yes", "true", "1", "on"})
_SYNONYMS: Final = {"public": "guest ok", "only guest": "guest only", "allow hosts": "hosts allow", "directory": "path"}


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `minimum` (server min protocol, "" when unset), `map_to_guest` and `shares`.

    A share has `name`, `path`, `guest` (true when anyone may enter without a password) and `hosts_allow`. Names and
    values are read as Samba does: blanks and case in names don't count, settings of [global] are defaults.
    """
    sections = _sections(text)
    general = sections.pop("global", {})
    return {
        "minimum": general.get("serverminprotocol", general.get("minprotocol", "")).upper(),
        "map_to_guest": general.get("maptoguest", "never").lower(),
        "shares": [_share(name, general | settings) for name, settings in sections.items() if name != "printers"],
    }


def _share(name: str, settings: Mapping[str, str]) -> dict[str, Any]:
    guest = settings.get("guestok", "no").lower() in _YES or settings.get("guestonly", "no").lower() in _YES
    allowed = settings.get("hostsallow", "")
    return {"name": name, "path": settings.get("path", ""), "guest": guest, "hosts_allow": allowed}


def _sections(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    section = "global"
    for line in text.replace("\\\n", " ").split("\n"):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1].strip().lower()
            found.setdefault(section, {})
        elif stripped and stripped[0] not in "#;" and "=" in stripped:
            key, _, value = stripped.partition("=")
            plain = " ".join(key.lower().split())
            found.setdefault(section, {})[_SYNONYMS.get(plain, plain).replace(" ", "")] = value.strip()
    return found
