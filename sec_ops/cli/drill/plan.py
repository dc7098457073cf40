"""`sec-ops drill plan`: what a drill would do, what it needs, and how long it took before; nothing is touched."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_(
        "Show what a drill would do, what it needs and how long it took before; nothing is fetched or started."
        " Exit 1 when something is missing, 4 when a scenario or recovery has faults."
    )
)
def plan(
    scenario: Annotated[
        str, typer.Argument(metavar="[SCENARIO]", help=_("a scenario of backup/drills; default: show them all"))
    ] = "",
    *,
    secrets: Annotated[bool, typer.Option("--secrets", help=_("also read every secret the drill needs"))] = False,
    example: Annotated[
        bool, typer.Option("--example", help=_("the example organisation that ships with sec-ops"))
    ] = False,
) -> Iterable[Outcome]:
    """Plan a drill and show the plan."""
    from sec_ops.cli.drill._plan import show_plan, show_scenarios
    from sec_ops.cli.drill._room import example_room, site_room

    room = example_room() if example else site_room(current().site)
    return show_plan(room, scenario, reading=secrets) if scenario else show_scenarios(room)
