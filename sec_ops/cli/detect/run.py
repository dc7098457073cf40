"""`sec-ops detect run`: judge the events of files by rules."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.detect._options import FailOn, Least, NoKeep, Rules, Since, Until
from sec_ops.cli.invocation import current
from sec_ops.detection.rule import Level
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site, site_if_any

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    name="run",
    help=_(
        "Find attacks in log files, folders and archives (gz, xz, zst, bz2, zip, tar, EVTX, JSON, text), or a store."
    ),
)
def run(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH…", help=_("files and folders; - reads stdin"))
    ] = None,
    store: Annotated[
        str,
        typer.Option(
            metavar="NAME", help=_("elastic: judge what was stored there since the last run, or --since a time")
        ),
    ] = "",
    rules: Rules = None,
    level: Least = Level.INFORMATIONAL,
    since: Since = "",
    until: Until = "",
    zone: Annotated[str, typer.Option(metavar="ZONE", help=_("time zone of times that name none"))] = "",
    fail_on: FailOn = "low",
    no_keep: NoKeep = False,  # noqa: FBT002 - a flag of the command line
) -> Iterable[Outcome]:
    """Judge every event of the files, or of a store; exit 1 when there are alerts."""
    from sec_ops.cli.detect._asked import Asked
    from sec_ops.cli.detect._running import run_over_files

    asked = Asked(
        rules=tuple(rules or ()),
        level=level,
        since=since,
        until=until,
        zone=zone,
        fail_on=fail_on,
        keep=not no_keep,
    )
    if store:
        from sec_ops.cli.detect._running_store import run_over_store

        return run_over_store(find_site(current().site), store, paths or [], asked)
    if not paths:
        raise UsageError(message("name files or folders, or --store elastic"))
    return run_over_files(site_if_any(current().site), [Path(path) for path in paths], asked)
