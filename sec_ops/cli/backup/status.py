"""`sec-ops backup status`: whether every system is safe tonight, on one screen."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_("Show whether every system is safe tonight, from what was recorded; exit 0 only when nothing is wrong.")
)
def status(
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[SYSTEM]...", help=_("key systems; default: all"))
    ] = None,
    *,
    refresh: Annotated[
        bool, typer.Option("--refresh", help=_("first ask every repository what it holds, two at a time"))
    ] = False,
    seal: Annotated[
        bool, typer.Option("--seal", help=_("seal the summary of the day as evidence; it is always about all systems"))
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help=_("make a lost or damaged record anew, from the repositories and the evidence")),
    ] = False,
) -> Iterable[Outcome]:
    """Gather the status of systems and show it."""
    from sec_ops.cli.backup._planning import load_site
    from sec_ops.cli.backup._status import show_status

    room = load_site(current().site)
    if rebuild:
        from sec_ops.cli.backup._rebuilding import rebuild_record

        rebuild_record(room)
    return show_status(room, systems or [], refreshing=refresh and not rebuild, sealing=seal)
