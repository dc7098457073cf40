"""`sec-ops logs status`: which expected logs arrive, which don't, and what comes that nobody expects."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Show which logs that the inventory expects arrive, are silent or never came, and what is kept."))
def status(
    system: Annotated[str, typer.Option(metavar="ID", help=_("one key system of the inventory; default: all"))] = "",
    hosts: Annotated[str, typer.Option(metavar="PATTERN", help=_("hosts, groups or globs: web*:db:!db-3"))] = "",
    seal: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--seal", help=_("seal the summary of the day as evidence; it is always about all systems"))
    ] = False,
    verify: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option(
            "--verify", help=_("instead, read all raw records and event files: are they what was sealed and written?")
        ),
    ] = False,
) -> Iterable[Outcome]:
    """Compare what is kept with what is expected; exit 3 when an expected source does not arrive."""
    if verify:
        from sec_ops.cli.logs._verifying import verify_records

        return verify_records(find_site(current().site))
    from sec_ops.cli.logs._standing import show_status

    return show_status(find_site(current().site), system=system, hosts=hosts, seal=seal)
