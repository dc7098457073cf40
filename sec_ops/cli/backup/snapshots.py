"""`sec-ops backup snapshots`: restore points in order of arrival, and why some don't count."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=_("Show restore points, last to arrive first, and why some don't count; exit 1 when one doesn't."))
def snapshots(
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[SYSTEM]...", help=_("key systems; default: all"))
    ] = None,
    *,
    repository: Annotated[str, typer.Option(metavar="REPOSITORY", help=_("only those in this repository"))] = "",
    last: Annotated[int, typer.Option(min=1, help=_("of each system in each repository so many"))] = 10,
    refresh: Annotated[
        bool, typer.Option("--refresh", help=_("first ask every repository what it holds, two at a time"))
    ] = False,
) -> Iterable[Outcome]:
    """List points as the record knows them."""
    from sec_ops.cli.backup._planning import load_site
    from sec_ops.cli.backup._points import show_points

    room = load_site(current().site)
    return show_points(room, systems or [], repository, last=last, refreshing=refresh)
