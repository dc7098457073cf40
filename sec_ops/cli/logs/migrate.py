"""`sec-ops logs migrate`: take all events from one store to the other."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit, note
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Take all events to the other store; broken off, it goes on where it stopped."))
def migrate(
    to: Annotated[str, typer.Option(metavar="elasticsearch|embedded", help=_("the store that shall have them"))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("only compare what both have"))] = False,  # noqa: FBT002
) -> Iterable[Outcome]:
    """Copy what the other store lacks, hand over how far each stream is understood, and compare the counts."""
    from sec_ops.cli.logs._migrating import migrate_site

    moved = migrate_site(find_site(current().site), to, dry_run=dry_run)
    emit("sec-ops/logs-migrate", moved.body, outcomes=moved.outcomes, text=lambda: _text(moved.body))
    if current().form == "text":
        note(moved.advice)
    return moved.outcomes


def _text(body: dict[str, Any]) -> str:
    lines = [
        render(
            message(
                "{mark} {day} {dataset}: {source} there, {target} here, {copied} copied",
                mark="✓" if day["complete"] else "✗",
                day=day["day"],
                dataset=printable(day["dataset"]),
                source=day["source"],
                target=day["target"],
                copied=day["copied"],
            )
        )
        for day in body["days"]
    ]
    total = message(
        "{events} events in {source}, {copied} copied to {target}; {missing} missing there",
        events=body["events"],
        source=body["from"],
        copied=body["copied"],
        target=body["to"],
        missing=body["missing"],
    )
    return "\n".join([*lines, render(total)])
