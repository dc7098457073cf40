"""Winlogbeat's documents (ECS with `winlog.*`): kept as they are, completed with the copies every Windows event has."""

from collections.abc import Iterator, Mapping
from typing import Any

from sec_ops.siem.events import TIME, Event
from sec_ops.siem.windows.layouts import SYSTEM
from sec_ops.siem.windows.plan import DATA, Composer
from sec_ops.siem.windows.textual import textual

__all__ = ["completed"]

_DEPTH = 16
_OURS = ("winlog.event_id", "event.action")
"""Winlogbeat writes the task's name as action, which stays in `winlog.task`."""
_SYSTEM = {
    "winlog.event_id": "EventID",
    "winlog.provider_name": "Provider_Name",
    "winlog.channel": "Channel",
    "winlog.computer_name": "Computer",
    "winlog.keywords": "Keywords",
}


def completed(record: Mapping[str, Any], composer: Composer) -> Event | None:
    """Return a document's own fields, and beside them what its `winlog.event_data` and `winlog.user_data` say."""
    own: Event = dict(_leaves(record, "", 0))
    if "event.code" in own:
        own.setdefault("winlog.event_id", own["event.code"])
    flat: dict[str, Any] = {f"{SYSTEM}{name}": own[field] for field, name in _SYSTEM.items() if field in own}
    if f"{SYSTEM}EventID" not in flat:
        return own
    flat |= {
        name.removeprefix(prefix): value
        for prefix in _PREFIXES
        for name, value in own.items()
        if name.startswith(prefix) and name != "winlog.user_data.xml_name"
    }
    made = composer.compose(flat) or {}
    made.pop(TIME, None)
    ours = {name: made[name] for name in _OURS if name in made}
    return {**made, **own, **ours}


_PREFIXES = ("winlog.user_data.", DATA)


def _leaves(value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        path = f"{prefix}{name}"
        if each is None or each == []:
            continue
        if isinstance(each, dict) and each and depth < _DEPTH and not path.startswith(DATA):
            yield from _leaves(each, f"{path}.", depth + 1)
        elif isinstance(each, dict) or path.startswith(DATA):
            yield path, textual(each)
        else:
            yield path, textual(each) if isinstance(each, list) else each
