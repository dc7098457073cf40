"""`sec-ops logs import`: take in files, folders, archives and pipes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="import", help=_("Take in logs from files, folders and archives (gz, xz, zst, bz2, zip, tar, EVTX)."))
def import_(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help=_("files and folders; - reads stdin"))],
    parser: Annotated[str, typer.Option(metavar="ID", help=_("the parser to use; default: recognised"))] = "",
    dataset: Annotated[str, typer.Option(metavar="NAME", help=_("dataset of the events; default: the parser's"))] = "",
    host: Annotated[str, typer.Option(metavar="NAME", help=_("the host the logs come from"))] = "",
    unit: Annotated[str, typer.Option(metavar="ID", help=_("the unit the logs belong to"))] = "",
    zone: Annotated[str, typer.Option(metavar="ZONE", help=_("time zone of times that name none"))] = "",
    encoding: Annotated[str, typer.Option(metavar="NAME", help=_("character encoding; default: found out"))] = "",
    again: Annotated[  # noqa: FBT002
        bool, typer.Option("--again", help=_("take in once more what was imported before"))
    ] = False,
) -> Iterable[Outcome]:
    """Keep the records as they are, make events of them, and say what could not be taken."""
    from sec_ops.cli.logs._importing import import_paths
    from sec_ops.siem.importing.importer import ImportOptions

    options = ImportOptions(
        parser=parser, dataset=dataset, host=host, unit=unit, zone=zone, encoding=encoding, again=again
    )
    return import_paths(find_site(current().site), [Path(path) for path in paths], options)
