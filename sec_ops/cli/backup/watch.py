"""`sec-ops backup watch`: the dead-man alarm, raised by the site that should have received."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.table import table
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

if TYPE_CHECKING:
    from sec_ops.backup.copying.overdue import Watched

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=_("Say whether new backups have come to this site in time; exit 1, and a notice, when one has not."))
def watch() -> Iterable[Outcome]:
    """Look at the record of this controller's repositories; nothing is asked of any other machine."""
    from sec_ops.backup.copying.overdue import watched
    from sec_ops.backup.record.record import open_record
    from sec_ops.cli.backup._planning import load_site
    from sec_ops.cli.backup._watching import tell_overdue
    from sec_ops.runtime.clock import SystemClock

    room = load_site(current().site)
    assert room.site is not None  # noqa: S101 - a site was found
    with open_record(room.site) as record:
        record.settle()
        found = watched(room.planned, room.settings.place, record, SystemClock().now())
        tell_overdue(room.site, found, record.now_ms)
    outcomes = (Outcome.FINDINGS,) if any(each.overdue for each in found) else ()
    emit(
        "sec-ops/backup-watch",
        {"systems": [_document(each) for each in found]},
        outcomes=outcomes,
        text=lambda: _text(found),
    )
    return outcomes


def _document(each: "Watched") -> dict[str, Any]:
    from sec_ops.runtime.clock import utc_text

    return {
        "system": each.system,
        "repository": each.repository,
        "overdue": each.overdue,
        "newest": utc_text(each.newest.arrived) if each.newest else None,
        "age_ms": each.age_seconds * 1000 if each.age_seconds is not None else None,
        "limit_ms": each.limit_seconds * 1000,
        "holds": list(each.holds),
    }


def _text(found: "tuple[Watched, ...]") -> str:
    if not found:
        return _("there is nothing to do here")
    head = (_("system"), _("repository"), _("state"), _("newest (UTC)"), _("age (s)"), _("may be (s)"), _("held"))
    return table(head, [_cells(each) for each in found])


def _cells(each: "Watched") -> tuple[str, ...]:
    from sec_ops.runtime.clock import utc_text

    return (
        each.system,
        each.repository,
        _("OVERDUE") if each.overdue else _("in time"),
        utc_text(each.newest.arrived) if each.newest else "-",
        "-" if each.age_seconds is None else str(each.age_seconds),
        str(each.limit_seconds),
        str(len(each.holds)),
    )
