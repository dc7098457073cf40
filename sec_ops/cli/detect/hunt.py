"""`sec-ops detect hunt`: judge the events that are kept, months of them, by rules."""

from collections.abc import Iterable

import typer

from sec_ops.cli.detect._options import FailOn, Least, NoKeep, Rules, Since, Until
from sec_ops.cli.invocation import current
from sec_ops.detection.rule import Level
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="hunt", help=_("Find attacks in the events that are kept: rules over months, column by column."))
def hunt(
    since: Since = "",
    until: Until = "",
    rule: Rules = None,
    level: Least = Level.INFORMATIONAL,
    fail_on: FailOn = "low",
    no_keep: NoKeep = False,  # noqa: FBT002 - a flag of the command line
) -> Iterable[Outcome]:
    """Judge every stored event of the span; exit 1 when there are alerts."""
    from sec_ops.cli.detect._asked import Asked
    from sec_ops.cli.detect._hunting import hunt_in_store

    asked = Asked(
        rules=tuple(rule or ()), level=level, since=since, until=until, zone="", fail_on=fail_on, keep=not no_keep
    )
    return hunt_in_store(find_site(current().site), asked)
