"""`sec-ops alerts retain`: let alerts go that were settled long ago."""

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site, find_site

if TYPE_CHECKING:
    from sec_ops.detection.alerts.letting_go import Rule
    from sec_ops.model.evidence import DetectionAlertsDeleted

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Let alerts go that were closed or suppressed long ago; open ones and what is under a hold stay."))
def retain(
    dry_run: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--dry-run", help=_("show what would be let go, and change nothing"))
    ] = False,
    clock_is_right: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--clock-is-right", help=_("go on though nothing was received for long"))
    ] = False,
) -> Iterable[Outcome]:
    """Seal and remove what is due, and forget which events of long ago were counted."""
    from sec_ops.cli.alerts._opened import opened_database
    from sec_ops.detection.alerts.letting_go import LetGo, doubt_clock, due_alerts, let_go
    from sec_ops.runtime.clock import SystemClock

    site = find_site(current().site)
    rule = _rule(site, int(SystemClock().now().timestamp() * 1000))
    with opened_database(site) as database:
        if not clock_is_right:
            doubt_clock(database, rule.now_ms)
        if dry_run:
            gone = LetGo(alerts=len(due_alerts(database, rule)), rows=0)
        else:
            with evidence_of(site) as log:

                def seal(deleted: "DetectionAlertsDeleted") -> None:
                    log.append(deleted.kind, deleted.model_dump(mode="json"))

                gone = let_go(database, rule, seal)
    body = {"dry_run": dry_run, "retention_days": rule.days, "alerts": gone.alerts, "counted_rows": gone.rows}
    emit("sec-ops/alerts-retain", body, text=lambda: _text(gone.alerts, dry_run))
    return ()


def _rule(site: Site, now_ms: int) -> "Rule":
    """Return what is due at a site: alerts are kept as long as logs at least, and with the days that holds keep."""
    from datetime import UTC, datetime, time, timedelta

    from sec_ops.detection.alerts.letting_go import Rule
    from sec_ops.runtime.configuration import load_configuration
    from sec_ops.siem.retaining.holds import Holds

    settings = load_configuration(site)
    with closing(Holds(site.logs)) as holds:
        standing = holds.standing()

    def moment(day: object, days: int) -> int:
        midnight = datetime.combine(day, time(), UTC)  # type: ignore[arg-type]
        return int((midnight + timedelta(days=days)).timestamp() * 1000)

    held = [(moment(hold.first_day, -1), moment(hold.last_day, 2)) for hold in standing]
    days = max(settings.detection.alert_days, settings.logs.retention_days)
    return Rule(now_ms=now_ms, days=days, held=held)


def _text(alerts: int, dry_run: bool) -> str:  # noqa: FBT001 - a flag of the command line
    if not alerts:
        return _("nothing is due")
    if dry_run:
        return render(message("alerts that would be let go: {count}", count=alerts))
    return render(message("alerts let go: {count}", count=alerts))
