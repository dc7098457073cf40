"""`sec-ops drill run`: rehearse a scenario, for real and away from production."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.drill_scenario import Fault
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_(
        "Rehearse a scenario: fetch, prove, load, start and check its systems in a sandbox, measure how long it took"
        " and what was lost, and seal all of it; exit 1 when the drill failed, 5 when no sandbox could be made."
    )
)
def run(
    scenario: Annotated[str, typer.Argument(help=_("scenario, as drill plan lists them"))],
    *,
    lost_at: Annotated[
        str, typer.Option(metavar="TIME", help=_("when it was lost, such as 2026-11-26T08:00:00+08:00; default: now"))
    ] = "",
    until: Annotated[
        str, typer.Option(metavar="TIME", help=_("the moment databases with a log are to come back to"))
    ] = "",
    wait: Annotated[
        bool,
        typer.Option(
            "--wait", help=_("wait for people: to begin, and for users to be switched (drill note --decision)")
        ),
    ] = False,
    inject: Annotated[
        list[Fault] | None, typer.Option(help=_("start this fault in the drill's own copies; may be repeated"))
    ] = None,
) -> Iterable[Outcome]:
    """Run a drill."""
    from sec_ops.cli.drill._cut_short import telling_if_cut_short
    from sec_ops.runtime.site import find_site

    with telling_if_cut_short(find_site(current().site).runs):
        from sec_ops.cli.drill._running import Wanted, run_scenario

        wanted = Wanted(scenario=scenario, lost_at=lost_at, until=until, waits=wait, inject=tuple(inject or ()))
        return run_scenario(current().site, wanted)
