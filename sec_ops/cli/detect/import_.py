"""`sec-ops detect import`: a release of Sigma rules into the site, and what it changes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="import", help=_("Take in a release of Sigma rules: a folder, a zip, a tar (gz, xz, zst, bz2)."))
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE|DIR", help=_("the release"))],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help=_("name here; a release replaces the one of the same name"))
    ] = "sigma",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("show what would change, and change nothing"))] = False,  # noqa: FBT002
) -> Iterable[Outcome]:
    """Put the release into force, pinned by its digest; exceptions and changes of the site stay."""
    from sec_ops.cli.detect._importing import import_release

    return import_release(find_site(current().site), path, name, dry_run=dry_run)
