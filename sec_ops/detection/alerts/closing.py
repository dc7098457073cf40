"""Closing an alert: a person's verdict on what it had counted by then."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace

from sec_ops.detection.alerts.reading import named_alert
from sec_ops.detection.alerts.values import Alert, Closing, State, Verdict
from sec_ops.detection.database import Database
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message

__all__ = ["close_alert"]


def close_alert(
    database: Database,
    name: str,
    *,
    person: str,
    at: str,
    verdict: Verdict,
    reason: str,
    seal: Callable[[Alert], object],
) -> Alert:
    """Close the alert whose id begins so and return it; `at` is RFC 3339 in UTC.

    `seal` gets the closed alert before the change is kept: when it fails, the alert stays as it was. Raises UsageError
    for an alert that is unknown, closed or suppressed, and what `seal` raises.
    """
    with database.writing() as connection:
        alert = named_alert(database, name)
        if alert.state is not State.OPEN:
            what = message("the alert {id} is not open", id=alert.id)
            raise UsageError(what, advice=message("see: {command}", command=f"sec-ops alerts show {alert.id}"))
        closing = Closing(person=person, at=at, verdict=verdict, reason=reason, count=alert.count)
        closed = replace(alert, state=State.CLOSED, closings=(*alert.closings, closing))
        seal(closed)
        closings = json.dumps([asdict(each) for each in closed.closings])
        change = "UPDATE alerts SET state = ?, closing = ? WHERE id = ?"
        connection.execute(change, (State.CLOSED, closings, alert.id))
    return closed
