"""`sec-ops logs pull`: fetch the logs that hosts keep, over SSH."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Fetch the logs that the inventory expects from hosts: files and journals, each record once."))
def pull(
    system: Annotated[str, typer.Option(metavar="ID", help=_("one key system of the inventory; default: all"))] = "",
    hosts: Annotated[str, typer.Option(metavar="PATTERN", help=_("hosts, groups or globs: web*:db:!db-3"))] = "",
    source: Annotated[list[str] | None, typer.Option(metavar="ID", help=_("only these log sources"))] = None,
    local: Annotated[bool, typer.Option("--local", help=_("fetch this machine's own logs"))] = False,  # noqa: FBT002
    dry_run: Annotated[  # noqa: FBT002
        bool, typer.Option("--dry-run", help=_("look what there is to fetch, and fetch nothing"))
    ] = False,
) -> Iterable[Outcome]:
    """Visit the hosts until each has nothing more to give; what could not be read is shown, the others go on."""
    from sec_ops.cli.logs._pulling import PullRequest, pull_logs

    if local and (system or hosts):
        raise UsageError(message("choose one of --system/--hosts and --local"))
    request = PullRequest(system=system, hosts=hosts, sources=tuple(source or ()), local=local, dry_run=dry_run)
    return pull_logs(find_site(current().site), request)
