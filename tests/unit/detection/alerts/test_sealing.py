"""Entries of alerts: few, valid, and without whom they are about."""

import json
from collections.abc import Sequence

import pytest

from sec_ops.detection.alerts.closing import close_alert
from sec_ops.detection.alerts.sealing import closed_request, seal_alerts
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.alerts.values import Alert, Verdict
from sec_ops.detection.database import Database
from sec_ops.evidence.drafts import AppendRequest, make_draft
from sec_ops.evidence.log import os_user
from sec_ops.model.errors import StorageError
from sec_ops.model.evidence import LowEntropy
from sec_ops.model.messages import message
from tests.unit.detection.alerts.makers import HOUR_US, NOON_US, NOW_MS, hit


class Log:
    """Checks requests as the real log does, and keeps them."""

    def __init__(self) -> None:
        self.requests: list[AppendRequest] = []
        self.commits = 0

    def append(self, requests: Sequence[AppendRequest]) -> list[int]:
        for request in requests:
            make_draft(request, os_user(), lambda size: b"r" * size)
        self.requests += requests
        self.commits += 1
        return list(range(len(requests)))


def close(database: Database, name: str, log: Log) -> Alert:
    return close_alert(
        database,
        name,
        person="lin",
        at="2026-11-26T13:00:00.000Z",
        verdict=Verdict.FALSE_POSITIVE,
        reason="scan by eve",
        seal=lambda alert: log.append([closed_request(alert, alert.closings[-1])]),
    )


def test_one_entry_however_many_events_and_one_more_when_it_opens_again(database: Database) -> None:
    log = Log()
    (name,) = keep_hits(database, [hit(number, user="eve") for number in range(50)], now_ms=NOW_MS).opened
    assert seal_alerts(database, log.append) == 1
    keep_hits(database, [hit(number, user="eve") for number in range(50, 90)], now_ms=NOW_MS)
    assert seal_alerts(database, log.append) == 0
    close(database, name, log)
    keep_hits(database, [hit(99)], now_ms=NOW_MS)
    assert seal_alerts(database, log.append) == 1
    assert [(each.kind, each.data.get("change"), each.data["events"]) for each in log.requests] == [
        ("detection.alert/1", "opened", 50),
        ("detection.alert_closed/1", None, 90),
        ("detection.alert/1", "reopened", 91),
    ]
    assert log.requests[0].data["first"] == "2026-11-26T12:00:00.000Z"


def test_whom_it_is_about_stands_in_the_blob_alone(database: Database) -> None:
    log = Log()
    (name,) = keep_hits(database, [hit(1, user="mallory", host="web-1")], now_ms=NOW_MS).opened
    seal_alerts(database, log.append)
    close(database, name, log)
    for request in log.requests:
        assert "mallory" not in json.dumps(dict(request.data))
        assert "web-1" not in json.dumps(dict(request.data))
        assert isinstance(request.blob, LowEntropy)
        assert "mallory" in request.blob.decode()
    assert json.loads(log.requests[1].blob or b"")["reason"] == "scan by eve"


def test_a_storm_is_sealed_in_a_few_commits(database: Database) -> None:
    log = Log()
    keep_hits(database, [hit(number, host=f"h-{number}") for number in range(450)], now_ms=NOW_MS)
    keep_hits(database, [hit(999)], now_ms=NOW_MS, suppress=lambda _hit: "s-1")
    assert seal_alerts(database, log.append) == 450
    assert log.commits == 3


def test_what_could_not_be_sealed_is_sealed_later(database: Database) -> None:
    keep_hits(database, [hit(1, time_us=None), hit(2, time_us=NOON_US + 9 * HOUR_US)], now_ms=NOW_MS)

    def full(_requests: Sequence[AppendRequest]) -> list[int]:
        raise StorageError(message("could not write {path}: {reason}", path="x", reason="full"))

    with pytest.raises(StorageError):
        seal_alerts(database, full)
    assert seal_alerts(database, Log().append) == 2
