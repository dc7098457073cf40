"""`sec-ops detect explain`: why a rule finds an event, or doesn't."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import site_if_any

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Say why a rule finds an event or doesn't, test by test."))
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help=_("id or title of a rule, or a rule file"))],
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT",
            help=_("JSON, a file of JSON (FILE or FILE:LINE), - for standard input, or the name of a stored record"),
        ),
    ],
) -> Iterable[Outcome]:
    """Judge one event by one rule, as the reference evaluator does."""
    from sec_ops.cli.detect._explaining import show_explanation

    return show_explanation(site_if_any(current().site), rule, event)
