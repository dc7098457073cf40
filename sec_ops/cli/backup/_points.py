"""Restore points as people and programs read them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Arrival
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._shown_status import problem_document, problem_lines
from sec_ops.cli.backup._status import refreshed
from sec_ops.cli.output import emit
from sec_ops.cli.table import table
from sec_ops.content.model_faults import did_you_mean
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import bytes_text
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["show_points"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A point with its snapshots as the record has them."""

    repository: str
    point: RestorePoint
    snapshots: tuple[Arrival, ...]


def show_points(
    room: Room, systems: Sequence[str], repository: str, *, last: int, refreshing: bool
) -> Iterable[Outcome]:
    """Show the last points of systems in repositories, newest first."""
    assert room.site is not None  # noqa: S101 - the example is never run
    plans = room.planned.plans
    for name in systems:
        if name not in plans:
            what = message("no plan is of the system {system}", system=name)
            raise UsageError(what, advice=did_you_mean(name, plans) or message("see: sec-ops backup plans"))
    if repository and repository not in room.planned.repositories:
        advice = did_you_mean(repository, room.planned.repositories)
        raise UsageError(message("no repository has the id {id}", id=repository), advice=advice)
    with open_record(room.site) as record:
        unread = refreshed(room, record) if refreshing else ()
        shown = list(_gathered(room, record, set(systems), repository, last))
    outcomes = {Outcome.FINDINGS for each in shown if not each.point.counts} | {each.outcome for each in unread}
    emit(
        "sec-ops/backup-snapshots",
        {"points": [_document(each) for each in shown], "repositories": [problem_document(each) for each in unread]},
        outcomes=outcomes,
        text=lambda: "\n".join([*_lines(shown, room), *(line for each in unread for line in problem_lines(each))]),
    )
    return outcomes


def _gathered(room: Room, record: Record, systems: set[str], repository: str, last: int) -> Iterator[_Shown]:
    for name in [repository] if repository else sorted(room.planned.repositories):
        counts: dict[str, int] = {}
        for point in reversed(points_in(record, name)):
            counts[point.system] = counts.get(point.system, 0) + 1
            if counts[point.system] <= last and (not systems or point.system in systems):
                snapshots = record.arrivals(point.system, name, run=point.run)
                yield _Shown(repository=name, point=point, snapshots=snapshots)


def _document(shown: _Shown) -> dict[str, Any]:
    point = shown.point
    return {
        "system": point.system,
        "repository": shown.repository,
        "run": point.run,
        "arrived": utc_text(point.arrived),
        "verdict": point.verdict.value if point.verdict else None,
        "counts": point.counts,
        "why_not": render(point.why_not) if point.why_not else None,
        "future_dated": point.future_dated,
        "held": point.held,
        "snapshots": [
            {
                "id": each.snapshot,
                "source": each.source,
                "part": each.part,
                "host": each.host,
                "claimed": utc_text(moment(each.claimed_ms)),
                "order": each.ordered.value,
                "bytes_read": each.counts.bytes_read,
                "bytes_stored": each.counts.bytes_packed,
            }
            for each in shown.snapshots
        ],
    }


def _lines(shown: Sequence[_Shown], room: Room) -> list[str]:
    if not shown:
        return [_("there is no restore point"), "    $ sec-ops backup run"]
    head = (_("system"), _("repository"), _("arrived"), _("run"), _("verdict"), _("parts"), _("size"), _("counts"))
    return [table(head, [_row(each, room) for each in shown])]


def _row(shown: _Shown, room: Room) -> tuple[str, ...]:
    point = shown.point
    parts = [f"{each.source}/{each.part}" for each in shown.snapshots if each.part != MANIFEST]
    return (
        point.system,
        shown.repository,
        point.arrived.astimezone(room.zone).strftime("%Y-%m-%d %H:%M"),
        point.run,
        render(VERDICT_WORDS[point.verdict]) if point.verdict else "?",
        " ".join(parts),
        bytes_text(sum(each.counts.bytes_read for each in shown.snapshots if each.part != MANIFEST)),
        render(point.why_not) if point.why_not else _("it counts"),
    )
