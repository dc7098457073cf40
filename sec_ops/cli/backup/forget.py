"""`sec-ops backup forget`: drop what retention no longer keeps, at the repository's own place, after the gate."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_("Drop restore points beyond the retention, after the gate, and prune; exit 1 when something is held.")
)
def forget(
    systems: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYSTEM]...", help=_("key systems; default: all with a repository at this controller")),
    ] = None,
    *,
    repository: Annotated[str, typer.Option(metavar="REPOSITORY", help=_("only in this repository"))] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("tell what would go; change nothing"))] = False,
    prune: Annotated[bool, typer.Option(" /--no-prune", help=_("leave the data of dropped points for later"))] = True,
) -> Iterable[Outcome]:
    """Forget system by system, then prune each repository that lost something."""
    from sec_ops.cli.backup._forgetting import Wanted, forget_plans
    from sec_ops.cli.backup._planning import load_site

    wanted = Wanted(systems=systems or (), repository=repository, dry_run=dry_run, prune=prune)
    return forget_plans(load_site(current().site), wanted)
