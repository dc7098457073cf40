"""Which meaning an event has: by its provider and id, or by its channel where an export leaves the provider out."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from sec_ops.siem.events import Event, FieldType, Scalar
from sec_ops.siem.windows.copies import Copy
from sec_ops.siem.windows.meanings import Meaning
from sec_ops.siem.windows.security import EVENT_LOG, SECURITY, SERVICES
from sec_ops.siem.windows.sysmon import SYSMON

__all__ = ["LEVELS", "channel_of", "classified", "kind_of", "numbered", "outcome"]

LEVELS = {"0": "information", "1": "critical", "2": "error", "3": "warning", "4": "information", "5": "verbose"}
"""Levels of winmeta.xml; 0 is LogAlways, what audits are written with."""
_BY_PROVIDER: Mapping[str, Mapping[int, Meaning]] = {
    "microsoft-windows-sysmon": SYSMON,
    "sysmon": SYSMON,
    "microsoft-windows-security-auditing": SECURITY,
    "microsoft windows security auditing.": SECURITY,
    "microsoft-windows-eventlog": EVENT_LOG,
    "eventlog": EVENT_LOG,
    "service control manager": SERVICES,
}
_BY_CHANNEL: Mapping[str, Mapping[int, Meaning]] = {
    "microsoft-windows-sysmon/operational": SYSMON,
    "security": SECURITY | {1102: EVENT_LOG[1102]},
    "system": SERVICES | {104: EVENT_LOG[104]},
}
_CHANNELS = {
    "microsoft-windows-sysmon": "Microsoft-Windows-Sysmon/Operational",
    "sysmon": "Microsoft-Windows-Sysmon/Operational",
    "microsoft-windows-security-auditing": "Security",
    "microsoft windows security auditing.": "Security",
    "service control manager": "System",
}
"""The one channel a provider writes to, for exports that leave it out."""
_AUDIT_SUCCESS, _AUDIT_FAILURE = 1 << 53, 1 << 52


def kind_of(provider: str, channel: str, code: str) -> Meaning | None:
    """Return the meaning of an event, None when it has no classification here."""
    if not numbered(code):
        return None
    meanings = _BY_PROVIDER.get(provider.lower()) if provider else _BY_CHANNEL.get(channel.lower())
    return meanings.get(int(code)) if meanings else None


def channel_of(provider: str) -> str:
    """Return the channel of a provider that writes to one only, else nothing."""
    return _CHANNELS.get(provider.lower(), "")


def numbered(code: str) -> bool:
    """Return whether an event's id is the whole number it should be."""
    return code.isascii() and code.isdecimal() and len(code) < 10


def classified(meaning: Meaning | None) -> Event:
    """Return the ECS classification as fields."""
    if meaning is None:
        return {}
    event: Event = {
        "event.category": _one_or_list(meaning.category),
        "event.type": _one_or_list(meaning.type),
        "event.action": meaning.action,
    }
    return event | ({"event.outcome": meaning.outcome} if meaning.outcome else {})


def _one_or_list(words: tuple[str, ...]) -> str | list[Scalar]:
    return words[0] if len(words) == 1 else list(words)


def _audited(keywords: object) -> str | None:
    """Return the audit's outcome by the keywords' bits (winmeta.xml: win:AuditSuccess, win:AuditFailure)."""
    return _outcome(keywords) if isinstance(keywords, str) and len(keywords) < 25 else None


outcome: Final = Copy(_audited, {"event.outcome": FieldType.KEYWORD})


@lru_cache(256)
def _outcome(keywords: str) -> str | None:
    try:
        bits = int(keywords, 0)
    except ValueError:
        return None
    if bits & _AUDIT_FAILURE:
        return "failure"
    return "success" if bits & _AUDIT_SUCCESS else None
