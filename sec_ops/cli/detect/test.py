"""`sec-ops detect test`: the cases of our own rules, the site's among them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import site_if_any

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    name="test",
    help=_("Run the cases of the shipped rules and the site's own; exit 1 when one fails, 3 when a rule has none."),
)
def run(
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULE…", help=_("only these: an id, a name, a file, or a folder such as linux")),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("write what became of each case as JUnit XML"))
    ] = None,
) -> Iterable[Outcome]:
    """Give each case's events to its rule and compare what it finds with what the case expects."""
    from sec_ops.cli.detect._testing import run_cases

    site = site_if_any(current().site)
    return run_cases(site.root if site else None, rules or (), junit)
