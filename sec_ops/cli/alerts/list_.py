"""`sec-ops alerts list`: the alerts there are, worst first."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.detection.rule import Level
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class States(StrEnum):
    """Which alerts are asked for."""

    OPEN = "open"
    CLOSED = "closed"
    SUPPRESSED = "suppressed"
    ALL = "all"


class Form(StrEnum):
    """How alerts are shown."""

    TABLE = "table"
    CSV = "csv"


@app.command(name="list", help=_("List alerts, the worst first; exit 1 while open ones are among them."))
def list_alerts(
    state: Annotated[States, typer.Option(help=_("which alerts"))] = States.OPEN,
    level: Annotated[Level, typer.Option(help=_("only this level and above"))] = Level.INFORMATIONAL,
    rule: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help=_("only alerts of the rule with this id or title"))
    ] = None,
    host: Annotated[str, typer.Option(help=_("only alerts about this host"))] = "",
    user: Annotated[str, typer.Option(help=_("only alerts about this user"))] = "",
    address: Annotated[str, typer.Option(help=_("only alerts about this address"))] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help=_("only with events since then: 2026-11-26, 2026-11-26T08:00, 24h, 7d"))
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help=_("at most so many; 0: all"))] = 100,
    form: Annotated[Form, typer.Option("--format", help=_("table or csv"))] = Form.TABLE,
    suppressions: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--suppressions", help=_("instead, list the suppressions and what they covered"))
    ] = False,
    seal: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--seal", help=_("seal the summary of the day as evidence; it is always about all alerts"))
    ] = False,
) -> Iterable[Outcome]:
    """List what passes every option."""
    from sec_ops.cli.alerts._listing import Asked, show_alerts

    if suppressions:
        from sec_ops.cli.alerts._suppressions import show_suppressions

        return show_suppressions(find_site(current().site))
    asked = Asked(
        state=state.value,
        level=level,
        rules=tuple(rule or ()),
        host=host,
        user=user,
        address=address,
        since=since,
        limit=limit or None,
        csv=form is Form.CSV,
    )
    site = find_site(current().site)
    if seal:
        from sec_ops.cli.alerts._summary import seal_summary

        seal_summary(site)
    return show_alerts(site, asked)
