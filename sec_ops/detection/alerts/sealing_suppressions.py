"""Suppressions in the evidence log: one entry when one begins to hold, one when it ends, with what it covered."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from sec_ops.detection.alerts.sealing import Append
from sec_ops.detection.alerts.suppressing import Standing, Suppressed, Suppressions
from sec_ops.detection.database import Database
from sec_ops.evidence.drafts import AppendRequest
from sec_ops.model.evidence import DetectionSuppression, LowEntropy

__all__ = ["Covered", "covered", "seal_suppressions"]

Covered = tuple[int, int]
"""Events and alerts that a suppression has covered."""
ReadFile = Callable[[str], bytes]
"""Returns the bytes of a content file of the site by its path below the site; raises StorageError."""


def seal_suppressions(
    database: Database, suppressions: Suppressions, append: Append, *, now_ms: int, read: ReadFile
) -> int:
    """Seal which suppressions began to hold or ended since this was last done; return how many.

    A changed file ends the old suppression and begins another. Raises StorageError and what `append` raises.
    """
    holding = {
        (each.suppression.id, each.sha256): each
        for each in suppressions.all
        if each.standing(now_ms) is Standing.IN_FORCE
    }
    with database.writing() as connection:
        rows = connection.execute("SELECT id, sha256, data FROM suppressions WHERE NOT ended")
        known = {(name, sha256): json.loads(data) for name, sha256, data in rows}
        begun = [each for key, each in holding.items() if key not in known]
        over = {key: data for key, data in known.items() if key not in holding}
        requests = [_begun(each, read) for each in begun]
        requests += [_ended(data, covered(connection).get(key[0], (0, 0))) for key, data in over.items()]
        if requests:
            append(requests)
        connection.executemany(
            "INSERT OR REPLACE INTO suppressions VALUES (?, ?, ?, 0)",
            [(each.suppression.id, each.sha256, json.dumps(_data(each))) for each in begun],
        )
        connection.executemany("UPDATE suppressions SET ended = 1 WHERE id = ? AND sha256 = ?", list(over))
    return len(requests)


def covered(connection: sqlite3.Connection) -> Mapping[str, Covered]:
    """Return what each suppression has covered since it first held, by its id."""
    query = "SELECT suppression, sum(count), count(*) FROM alerts WHERE suppression != '' GROUP BY suppression"
    return {name: (events, alerts) for name, events, alerts in connection.execute(query)}


def _data(each: Suppressed) -> dict[str, Any]:
    wanted = each.suppression
    return {
        "suppression": wanted.id,
        "sha256": each.sha256,
        "requester": wanted.requester,
        "approver": each.approver,
        "first_day": wanted.first_day.isoformat(),
        "last_day": wanted.last_day.isoformat(),
        "rules": list(wanted.rules[:_MOST_RULES]),
        "levels": list(wanted.levels),
    }


_MOST_RULES = 200


def _begun(each: Suppressed, read: ReadFile) -> AppendRequest:
    data = {**_data(each), "change": "in_force"}
    blob = LowEntropy(read(each.path))
    return AppendRequest(kind=DetectionSuppression.kind, data=data, blob=blob, media_type="application/yaml")


def _ended(data: Mapping[str, Any], count: Covered) -> AppendRequest:
    ended = {**data, "change": "ended", "events": count[0], "alerts": count[1]}
    return AppendRequest(kind=DetectionSuppression.kind, data=ended)
