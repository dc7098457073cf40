"""`alerts list --suppressions` put together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sec_ops.cli.alerting import site_suppressions
from sec_ops.cli.alerts._opened import opened_database
from sec_ops.cli.alerts._words import shown
from sec_ops.cli.output import emit
from sec_ops.cli.table import table
from sec_ops.detection.alerts.sealing_suppressions import Covered, covered
from sec_ops.detection.alerts.suppressing import Standing, Suppressed
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site

__all__ = ["show_suppressions"]

_WORDS = {
    Standing.IN_FORCE: message("in force"),
    Standing.WAITING: message("not yet"),
    Standing.EXPIRED: message("expired"),
    Standing.NOT_APPROVED: message("not approved"),
    Standing.DISABLED: message("disabled"),
}


def show_suppressions(site: Site) -> Iterable[Outcome]:
    """Show every suppression, whether it holds or not, and those that are gone but covered something."""
    now_ms = int(SystemClock().now().timestamp() * 1000)
    known = site_suppressions(site).all
    with opened_database(site) as database, database.reading() as connection:
        counts = covered(connection)
    here = {each.suppression.id for each in known}
    rows = [_document(each, counts, now_ms) for each in known]
    rows += [{"id": name, "state": "gone", **_counted(counts[name])} for name in sorted(counts.keys() - here)]
    emit("sec-ops/alerts-suppressions", {"suppressions": rows}, text=lambda: _text(rows, known, now_ms))
    return ()


def _document(each: Suppressed, counts: Mapping[str, Covered], now_ms: int) -> dict[str, Any]:
    wanted = each.suppression
    return {
        "id": wanted.id,
        "state": each.standing(now_ms).value,
        "refusal": str(each.refusal) if each.refusal else None,
        "reason": wanted.reason,
        "requester": wanted.requester,
        "approver": each.approver or None,
        "first_day": wanted.first_day.isoformat(),
        "last_day": wanted.last_day.isoformat(),
        "path": each.path,
        "sha256": each.sha256,
        **_counted(counts.get(wanted.id, (0, 0))),
    }


def _counted(count: Covered) -> dict[str, int]:
    return {"events": count[0], "alerts": count[1]}


def _text(rows: Sequence[Mapping[str, Any]], known: Sequence[Suppressed], now_ms: int) -> str:
    if not rows:
        return _("there are no suppressions")
    refusals = {each.suppression.id: each for each in known}
    head = (_("suppression"), _("state"), _("last day"), _("requester"), _("approver"), _("events"), _("reason"))
    lines = [_row(row, refusals.get(row["id"]), now_ms) for row in rows]
    return table(head, lines)


def _row(row: Mapping[str, Any], each: Suppressed | None, now_ms: int) -> tuple[str, ...]:
    if each is None:
        return shown(row["id"]), _("gone"), "-", "-", "-", str(row["events"]), "-"
    standing = each.standing(now_ms)
    state = render(_WORDS[standing])
    if standing is Standing.NOT_APPROVED and each.refusal:
        state = render(each.refusal)
    wanted = each.suppression
    who = wanted.requester, each.approver or "-"
    return wanted.id, state, wanted.last_day.isoformat(), *who, str(row["events"]), shown(wanted.reason)
