"""`sec-ops detect hunt`: judge the events that are kept, months of them, by rules."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.detection.rule import Level
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="hunt", help=_("Find attacks in the events that are kept: rules over months, column by column."))
def hunt(
    since: Annotated[
        str, typer.Option(metavar="TIME", help=_("from this day or time on, or this long ago: 2026-11-26, 24h, 7d"))
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help=_("until this day, to its end, or this time"))] = "",
    rule: Annotated[
        list[str] | None,
        typer.Option(metavar="ID|PATH", help=_("only this rule of the site, or the rules of this file or folder")),
    ] = None,
    level: Annotated[Level, typer.Option(help=_("least level of the rules to use"))] = Level.INFORMATIONAL,
    fail_on: Annotated[
        str, typer.Option(metavar="LEVEL", help=_("least level of an alert that makes the exit code 1; or: new"))
    ] = "low",
    no_keep: Annotated[  # noqa: FBT002
        bool, typer.Option("--no-keep", help=_("only look: keep no alert, no run and no evidence in the site"))
    ] = False,
) -> Iterable[Outcome]:
    """Judge every stored event of the span; exit 1 when there are alerts."""
    from sec_ops.cli.detect._asked import Asked
    from sec_ops.cli.detect._hunting import hunt_in_store

    asked = Asked(
        rules=tuple(rule or ()), level=level, since=since, until=until, zone="", fail_on=fail_on, keep=not no_keep
    )
    return hunt_in_store(find_site(current().site), asked)
