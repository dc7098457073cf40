"""`sec-ops alerts show`: one alert with some of its events."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Show an alert: whom it is about, its events, what became of it."))
def show(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help=_("id of the alert, or its beginning"))],
) -> Iterable[Outcome]:
    """Show everything that is known of one alert."""
    from sec_ops.cli.alerts._showing import show_alert

    return show_alert(find_site(current().site), alert)
