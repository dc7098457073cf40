"""Alerts as JSON shows them; keys stay, more may be added. Times are RFC 3339 in UTC, null when unknown."""

from dataclasses import asdict
from typing import Any

from sec_ops.detection.alerts.values import Alert, Related
from sec_ops.detection.moments import moment_text

__all__ = ["alert_document", "entity_text", "related_document", "title_of"]


def title_of(alert: Alert, language: str) -> str:
    """Return the title in a language (`zh` or `en`), in English where the rule has no other."""
    return alert.title.get(language) or alert.title.get("en", alert.rule)


def entity_text(alert: Alert) -> str:
    """Return whom the alert is about as one text: the values of its key, empty when it has none."""
    return ", ".join(value for _name, value in alert.key if value)


def alert_document(alert: Alert) -> dict[str, Any]:
    """Return an alert without its events."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "rule_sha256": alert.digest,
        "title": dict(alert.title),
        "level": alert.level.value,
        "runbook": alert.runbook,
        "state": alert.state.value,
        "entity": entity_text(alert),
        "key": dict(alert.key),
        "rest": alert.rest,
        "hosts": list(alert.hosts),
        "users": list(alert.users),
        "addresses": list(alert.addresses),
        "events": alert.count,
        "first": moment_text(alert.first_us) or None,
        "last": moment_text(alert.last_us) or None,
        "span_begin": moment_text(alert.begin_us) or None,
        "span_ms": alert.span_s * 1000,
        "opened": moment_text(alert.opened_ms * 1000),
        "changed": moment_text(alert.changed_ms * 1000),
        "reopened": alert.reopened,
        "suppression": alert.suppression or None,
        "closings": [{**asdict(each), "verdict": each.verdict.value} for each in alert.closings],
    }


def related_document(related: Related) -> dict[str, Any]:
    """Return an event of an alert; `cut` says that values or fields were left out."""
    return {
        "record": related.record,
        "time": moment_text(related.time_us) or None,
        "shape": related.shape,
        "cut": related.cut,
        "event": dict(related.event),
    }
