"""`sec-ops backup restore`: bring back a file, a database or a whole system, and prove that it is what was saved."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_(
        "Restore a system, a source or a path into a new folder, compare all of it with the signed manifest, and load"
        " databases where asked; exit 5 when anything is not as it was saved."
    )
)
def restore(
    system: Annotated[str, typer.Argument(help=_("key system"))],
    *,
    target: Annotated[Path | None, typer.Option(help=_("new folder; one of a killed restore goes on"))] = None,
    run: Annotated[str, typer.Option(help=_("run, or the end of its name; default: the newest that counts"))] = "",
    repository: Annotated[str, typer.Option(help=_("repository; default: the plan's own"))] = "",
    source: Annotated[list[str] | None, typer.Option(help=_("only this source; may be repeated"))] = None,
    path: Annotated[
        list[str] | None, typer.Option(help=_("only this file or folder, as it was; may be repeated"))
    ] = None,
    load: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE=NAME", help=_("load this source's dump into a new database or folder")),
    ] = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help=_("name of a database that is there, typed, for --load to put the copy in its place")
        ),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help=_("write files where they were"))] = False,
    confirm: Annotated[str, typer.Option(metavar="SYSTEM", help=_("the system's name, typed, for --in-place"))] = "",
    trust: Annotated[
        list[str] | None, typer.Option(metavar="FINGERPRINT", help=_("key on paper that signed the manifest"))
    ] = None,
) -> Iterable[Outcome]:
    """Restore, compare, seal."""
    from sec_ops.cli.backup._restoring import Asked, restore_system

    asked = Asked(
        system=system,
        target=target,
        run=run,
        repository=repository,
        sources=tuple(source or ()),
        paths=tuple(path or ()),
        loads=tuple(load or ()),
        replaces=tuple(replace or ()),
        in_place=in_place,
        confirm=confirm,
        trust=tuple(trust or ()),
    )
    return restore_system(current().site, asked)
