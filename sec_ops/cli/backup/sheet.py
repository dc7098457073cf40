"""`sec-ops backup sheet`: how everything is restored without this program, to be printed and put into the safe."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_("Print how every system is restored with plain restic; exit 1 when a repository has no key in a safe.")
)
def sheet(
    *,
    format_: Annotated[
        Literal["text", "html"], typer.Option("--format", help=_("text, or html for printing"))
    ] = "text",
    output: Annotated[Path | None, typer.Option(help=_("file to write; default: standard output"))] = None,
) -> Iterable[Outcome]:
    """Make the sheet of the site's plans."""
    from sec_ops.cli.backup._sheet import show_sheet

    return show_sheet(current().site, format_, output)
