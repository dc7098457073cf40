"""`sec-ops detect list`: the rules of a site, and what it can see by them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site, site_if_any

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="list", help=_("Show the detection rules, and with --coverage what this site can and cannot see."))
def list_rules(
    text: Annotated[str, typer.Argument(metavar="TEXT", help=_("only rules with it in id, title, path or tags"))] = "",
    source: Annotated[str, typer.Option(help=_("only rules of: shipped, imported, site, or a release's name"))] = "",
    level: Annotated[str, typer.Option(help=_("only rules of this level or worse"))] = "",
    state: Annotated[str, typer.Option(help=_("only rules that are: on, off"))] = "",
    coverage: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--coverage", help=_("say whether each rule can fire on the events kept here, or why not")),
    ] = False,
    navigator: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("write the coverage as a layer for the ATT&CK Navigator"))
    ] = None,
) -> Iterable[Outcome]:
    """List rules of all layers, those that were refused, and what somebody should look at."""
    from sec_ops.cli.detect._listing import Choice, show_rules

    choice = Choice.of(text=text, source=source, level=level, state=state)
    if coverage or navigator:
        from sec_ops.cli.detect._covering import show_coverage

        return show_coverage(find_site(current().site), choice, navigator)
    return show_rules(site_if_any(current().site), choice)
