"""`sec-ops drill list`: each key system's last drill, and each scenario's: never, fresh, stale or failed."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_("Show the last drill of each key system and each scenario; exit 0 only when every system's is fresh.")
)
def list_drills(
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[SYSTEM]...", help=_("key systems; default: all"))
    ] = None,
) -> Iterable[Outcome]:
    """Show how drills stand."""
    from sec_ops.cli.drill._list import show_list
    from sec_ops.cli.drill._room import site_room

    return show_list(site_room(current().site), systems or [])
