"""`sec-ops logs rebuild`: make damaged or lost events again from the raw records."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Check every event file, and make events of damaged or lost ones again from the raw records."))
def rebuild(
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("only check, and change nothing"))] = False,  # noqa: FBT002
) -> Iterable[Outcome]:
    """Take out what is damaged and refill it; exit 3 when events are lacking, 6 when raw records are damaged too."""
    from sec_ops.cli.logs._rebuilding import rebuild_site

    return rebuild_site(find_site(current().site), dry_run=dry_run)
