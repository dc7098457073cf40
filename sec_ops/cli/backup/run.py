"""`sec-ops backup run`: back up key systems as their plans say."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_("Back up key systems as their plans say; exit 3 when one must be run again, 5 when somebody must act first.")
)
def run(
    systems: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYSTEM]...", help=_("key systems; default: all that this controller backs up")),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("open the repository and tell what would be saved; save nothing"))
    ] = False,
) -> Iterable[Outcome]:
    """Run plans one after the other; what goes wrong with one keeps none of the others."""
    from sec_ops.cli.backup._planning import load_site
    from sec_ops.cli.backup._running import chosen_plans, run_plans
    from sec_ops.cli.backup._trying import try_plans

    room = load_site(current().site)
    plans = chosen_plans(room, systems or [])
    return try_plans(room, plans) if dry_run else run_plans(room, plans)
