"""`sec-ops drill show`: a drill of the past as it was sealed, with its judgement; or its report for others."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_("Show a drill as it was sealed, and what it says of the level reached; exit 1 when it did not pass.")
)
def show(
    run: Annotated[str, typer.Argument(metavar="[RUN]", help=_("a run's name, its unique end, or latest"))] = "latest",
    *,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("write its report: FILE.html, FILE.pdf or FILE.docx"))
    ] = None,
) -> Iterable[Outcome]:
    """Read a drill again."""
    from sec_ops.cli.drill._room import site_room
    from sec_ops.cli.drill._show import show_drill

    return show_drill(site_room(current().site), run, report)
