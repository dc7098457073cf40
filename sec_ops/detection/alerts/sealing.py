"""Alerts in the evidence log: one entry when an alert opens, one each time it opens again, one when it is closed.

However many events an alert counts, its entries stay that few; whom it is about stands in the blob alone, which can be
erased. What is sealed is noted after the entries are on disk: a crash between seals an alert twice, never not at all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sec_ops.detection.alerts.reading import alert_ids, named_alert
from sec_ops.detection.alerts.values import Alert, Closing
from sec_ops.detection.database import Database
from sec_ops.detection.moments import moment_text
from sec_ops.evidence.drafts import AppendRequest
from sec_ops.model.canonical import canonical_json
from sec_ops.model.evidence import DetectionAlert, DetectionAlertClosed, LowEntropy

__all__ = ["Append", "closed_request", "seal_alerts"]

_AT_ONCE = 200


class Append(Protocol):
    """What seals entries that follow each other, with one sync (`EvidenceLog.append_many`)."""

    def __call__(self, requests: Sequence[AppendRequest], /) -> list[int]:
        """Return the sequence numbers of the entries once they are on disk."""
        ...


def seal_alerts(database: Database, append: Append) -> int:
    """Seal every alert that opened or opened again since it was last sealed; return how many.

    Suppressed alerts are told of by the entries of their suppressions. Raises StorageError and what `append` raises.
    """
    sealed = 0
    with database.alone("sealing"):
        while done := _seal_some(database, append):
            sealed += done
    return sealed


def closed_request(alert: Alert, closing: Closing) -> AppendRequest:
    """Return the entry that says an alert was closed."""
    closed_ms = int(datetime.fromisoformat(closing.at).timestamp() * 1000)
    data = DetectionAlertClosed(
        **_same(alert),
        verdict=closing.verdict.value,
        person=closing.person,
        open_ms=max(closed_ms - alert.opened_ms, 0),
        reopened=alert.reopened,
    )
    return _request(data.kind, data.model_dump(mode="json"), _about(alert) | {"reason": closing.reason})


def _seal_some(database: Database, append: Append) -> int:
    """Seal without holding up those who write alerts: the evidence log takes its time."""
    with database.reading() as connection:
        waiting = "state != 'suppressed' AND sealed < reopened"
        alerts = [named_alert(database, each) for each in alert_ids(connection, waiting, _AT_ONCE)]
    if not alerts:
        return 0
    append([_opened_request(alert) for alert in alerts])
    with database.writing() as connection:
        connection.executemany(
            "UPDATE alerts SET sealed = ? WHERE id = ?", [(alert.reopened, alert.id) for alert in alerts]
        )
    return len(alerts)


def _opened_request(alert: Alert) -> AppendRequest:
    data = DetectionAlert(
        **_same(alert),
        change="reopened" if alert.reopened else "opened",
        runbook=alert.runbook,
        first=moment_text(alert.first_us),
        last=moment_text(alert.last_us),
    )
    return _request(data.kind, data.model_dump(mode="json"), _about(alert))


def _same(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.id,
        "rule": alert.rule,
        "rule_sha256": alert.digest,
        "level": alert.level.value,
        "events": alert.count,
    }


def _about(alert: Alert) -> dict[str, Any]:
    return {
        "title": dict(alert.title),
        "key": [list(pair) for pair in alert.key],
        "hosts": list(alert.hosts),
        "users": list(alert.users),
        "addresses": list(alert.addresses),
        "records": [each.record for each in alert.related],
    }


def _request(kind: str, data: dict[str, Any], blob: dict[str, Any]) -> AppendRequest:
    return AppendRequest(kind=kind, data=data, blob=LowEntropy(canonical_json(blob)), media_type="application/json")
