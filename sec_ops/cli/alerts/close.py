"""`sec-ops alerts close`: a person's verdict on alerts."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.persons import require_person
from sec_ops.cli.sealing import evidence_of
from sec_ops.detection.alerts.values import Alert, Verdict
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Close alerts with a verdict; an event that comes later opens its alert again."))
def close(
    alerts: Annotated[list[str], typer.Argument(metavar="ALERT…", help=_("ids of alerts, or their beginnings"))],
    verdict: Annotated[Verdict, typer.Option(help=_("an attack, a mistake of the rule, or true but harmless"))],
    reason: Annotated[str, typer.Option(help=_("why"))],
    by: Annotated[str, typer.Option(metavar="PERSON", help=_("id of the person who answers for it"))],
) -> Iterable[Outcome]:
    """Seal each closing, then keep it; all ids are looked up before the first is closed."""
    from sec_ops.cli.alerts._opened import opened_database
    from sec_ops.detection.alerts.closing import close_alert
    from sec_ops.detection.alerts.documents import alert_document
    from sec_ops.detection.alerts.reading import named_alert
    from sec_ops.detection.alerts.sealing import closed_request
    from sec_ops.runtime.clock import SystemClock, utc_text

    site = find_site(current().site)
    if not reason.strip():
        raise UsageError(message("the reason can't be empty"))
    require_person(site, by)
    with opened_database(site) as database, evidence_of(site) as log:

        def seal(alert: Alert) -> object:
            return log.append_many([closed_request(alert, alert.closings[-1])])

        names = list(dict.fromkeys(named_alert(database, name).id for name in alerts))
        closed = [
            close_alert(
                database,
                name,
                person=by,
                at=utc_text(SystemClock().now()),
                verdict=verdict,
                reason=reason.strip(),
                seal=seal,
            )
            for name in names
        ]
    body = {"alerts": [alert_document(alert) for alert in closed]}
    emit("sec-ops/alerts-close", body, text=lambda: "\n".join(alert.id for alert in closed))
    return ()
