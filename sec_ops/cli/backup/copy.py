"""`sec-ops backup copy`: the second site pulls what passed its gate."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_("Pull new backups into this site's repositories, the gate first; exit 1 when something is held or odd.")
)
def copy(
    systems: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYSTEM]...", help=_("key systems; default: all with a copy at this controller")),
    ] = None,
    *,
    to: Annotated[str, typer.Option(metavar="REPOSITORY", help=_("only into this repository"))] = "",
) -> Iterable[Outcome]:
    """Pull each copy of the plans; what goes wrong with one keeps none of the others."""
    from sec_ops.cli.backup._copying import copy_plans
    from sec_ops.cli.backup._planning import load_site

    return copy_plans(load_site(current().site), systems or [], to)
