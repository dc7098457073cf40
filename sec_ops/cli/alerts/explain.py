"""`sec-ops alerts explain`: which part of the rule matched which value of which event."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Say which part of the rule matched which value of which event."))
def explain(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help=_("id of the alert, or its beginning"))],
    record: Annotated[
        str, typer.Option(metavar="NAME", help=_("explain by this event of the alert; default: the first one found"))
    ] = "",
) -> Iterable[Outcome]:
    """Judge the events that an alert keeps by its rule as it is now."""
    from sec_ops.cli.alerts._explaining import explain_alert

    return explain_alert(find_site(current().site), alert, record)
