"""Rows of the record's tables as values, and back."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sec_ops.backup.record.spelling import message_text, read_judged, read_message, read_messages
from sec_ops.backup.record.values import (
    Arrival,
    Attempt,
    Counts,
    Ending,
    Hold,
    JudgedPart,
    Ordered,
    Size,
    SourceResult,
    State,
    Verb,
)

__all__ = [
    "arrival_row",
    "hold_row",
    "inserted",
    "judged_row",
    "read_arrival",
    "read_attempt",
    "read_hold",
    "read_judged_part",
    "read_size",
]

_COUNTS = tuple(each.name for each in fields(Counts))


def inserted(table: str, row: Mapping[str, object], *, ignoring: str = "") -> tuple[str, tuple[object, ...]]:
    """Return the statement that puts a row into a table of ours, and its values."""
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    return f"INSERT {ignoring} INTO {table} ({names}) VALUES ({marks})", tuple(row.values())  # noqa: S608 - our names


def counted(counts: Counts) -> dict[str, int]:
    """Return the counts as columns."""
    return {name: getattr(counts, name) for name in _COUNTS}


def read_attempt(row: sqlite3.Row, sources: Sequence[sqlite3.Row]) -> Attempt:
    """Return an attempt with what its sources came to."""
    ending = None
    if row["judged"] is not None:
        ending = Ending(
            judged=read_judged(row["judged"]),
            snapshots=row["snapshots"],
            counts=_counts(row),
            sources=tuple(_source(each) for each in sources),
            evidence=row["evidence"],
        )
    return Attempt(
        verb=Verb(row["verb"]),
        state=State(row["state"]),
        ending=ending,
        **_taken(row, ("id", "system", "repository", "run", "holder", "started_ms", "ended_ms")),
    )


def arrival_row(arrival: Arrival) -> dict[str, object]:
    """Return an arrival as columns, without its number."""
    names = (each.name for each in fields(Arrival) if each.name not in ("arrival", "counts"))
    return {name: _plain(getattr(arrival, name)) for name in names} | counted(arrival.counts)


def read_arrival(row: sqlite3.Row) -> Arrival:
    """Return an arrival."""
    names = [each.name for each in fields(Arrival) if each.name not in ("ordered", "counts")]
    return Arrival(ordered=Ordered(row["ordered"]), counts=_counts(row), **_taken(row, names))


def hold_row(hold: Hold) -> dict[str, object]:
    """Return a hold as columns, without its number."""
    return {
        "system": hold.system,
        "repository": hold.repository,
        "run": hold.run,
        "reason": message_text(hold.reason),
        "signs": message_text(*hold.signs),
        "since_ms": hold.since_ms,
        "lifted_ms": hold.lifted_ms,
        "lifted_by": hold.lifted_by,
        "lifted_why": hold.lifted_why,
    }


def read_hold(row: sqlite3.Row) -> Hold:
    """Return a hold."""
    names = ("id", "system", "repository", "run", "since_ms", "lifted_ms", "lifted_by", "lifted_why")
    return Hold(reason=read_message(row["reason"]), signs=read_messages(row["signs"]), **_taken(row, names))


def judged_row(part: JudgedPart) -> dict[str, object]:
    """Return a judged part as columns."""
    return {each.name: getattr(part, each.name) for each in fields(JudgedPart)}


def read_judged_part(row: sqlite3.Row) -> JudgedPart:
    """Return a judged part."""
    return JudgedPart(**_taken(row, [each.name for each in fields(JudgedPart)]))


def read_size(row: sqlite3.Row) -> Size:
    """Return a size."""
    return Size(**_taken(row, ("repository", "at_ms", "bytes", "free_bytes")))


def _source(row: sqlite3.Row) -> SourceResult:
    return SourceResult(judged=read_judged(row["judged"]), **_taken(row, ("source", "taken_at_ms", "heartbeat_ms")))


def _counts(row: sqlite3.Row) -> Counts:
    return Counts(**_taken(row, _COUNTS))


def _taken(row: sqlite3.Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _plain(value: object) -> object:
    return value.value if isinstance(value, Ordered) else value
