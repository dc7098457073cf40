"""`sec-ops backup verify`: prove repositories where they lie, before anybody needs them."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    help=_(
        "Verify repositories: their structure, a share of their data that rotates, and their restore points by the"
        " signed manifests; exit 5 when anything is damaged."
    )
)
def verify(
    repositories: Annotated[
        list[str] | None, typer.Argument(metavar="[REPOSITORY]...", help=_("ids; default: all"))
    ] = None,
    *,
    system: Annotated[list[str] | None, typer.Option(help=_("only points of this system; may be repeated"))] = None,
    every: Annotated[
        bool, typer.Option("--every-point", help=_("every restore point, not only the newest of each system"))
    ] = False,
    read: Annotated[
        str, typer.Option(help=_("share of the data to read: 3/12, 10%, 500M, all, none; default: the next twelfth"))
    ] = "",
    trust: Annotated[
        list[str] | None, typer.Option(metavar="FINGERPRINT", help=_("key on paper that signed manifests"))
    ] = None,
) -> Iterable[Outcome]:
    """Verify one repository after the other; what is wrong with one keeps none of the others."""
    from sec_ops.cli.backup._verifying import Asked, verify_repositories

    asked = Asked(
        repositories=tuple(repositories or ()),
        systems=tuple(system or ()),
        every=every,
        read=read,
        trust=tuple(trust or ()),
    )
    return verify_repositories(current().site, asked)
