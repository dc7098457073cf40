"""How journald stores its records (journald.conf(5))."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sec_ops.compliance.parsers.systemd_units import parse as parse_units

OPTIONS: frozenset[str] = frozenset()
_SPAN = re.compile(r"([0-9]{1,9})\s*([A-Za-z]*)")
_SECONDS: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds", ""), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
    **dict.fromkeys(("M", "month", "months"), 2_629_800),
    **dict.fromkeys(("y", "year", "years"), 31_557_600),
}


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `persistent`, `max_use` (as written, "" unset), `max_days` (0 without a limit in time), `oldest_days`.

    `text` is `show_all` of journald.conf and its drop-ins with a file `/run/state.d/own.conf` whose section [State]
    holds `Folder` (yes or no: /var/log/journal exists) and `OldestDays` (of the oldest archived record, -1 unknown).
    Raises ValueError for a time that isn't one.
    """
    units = parse_units(text, {})
    settings, state = units.get("journald.conf", {}), units.get("state", {})
    storage = settings.get("Journal.Storage", "").lower() or "auto"
    by_folder = storage == "auto" and state.get("State.Folder") == "yes"
    return {
        "persistent": storage == "persistent" or by_folder,
        "max_use": settings.get("Journal.SystemMaxUse", ""),
        "max_days": _seconds(settings.get("Journal.MaxRetentionSec", "")) // 86_400,
        "oldest_days": int(oldest) if (oldest := state.get("State.OldestDays", "")).isdecimal() else -1,
    }


def _seconds(word: str) -> int:
    unknown = {unit for _, unit in _SPAN.findall(word)} - _SECONDS.keys()
    if unknown or _SPAN.sub("", word).strip():
        raise ValueError(f"not a time: {word[:40]}")
    return sum(int(number) * _SECONDS[unit] for number, unit in _SPAN.findall(word))
