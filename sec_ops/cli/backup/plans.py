"""`sec-ops backup plans`: every plan with what it saves, when and where to, and what the plans leave open."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.table import table
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=_("Check the plans and show them; exit 1 when they leave something open, 4 when one has faults."))
def plans(
    *,
    secrets: Annotated[bool, typer.Option("--secrets", help=_("also read every secret this controller needs"))] = False,
    example: Annotated[
        bool, typer.Option("--example", help=_("the example organisation that ships with sec-ops"))
    ] = False,
) -> Iterable[Outcome]:
    """Load plans with the inventory, list them and the findings."""
    from sec_ops.cli.backup import _planning

    room = _planning.load_example() if example else _planning.load_site(current().site)
    if secrets:
        _planning.require_secrets(room)
    rows, found = _planning.rows(room), _planning.found(room)
    outcomes = (Outcome.FINDINGS,) if found else ()
    body = {"plans": rows, "findings": [_finding(each) for each in found]}
    emit("sec-ops/backup-plans", body, outcomes=outcomes, text=lambda: _shown(rows, body["findings"]))
    return outcomes


def _finding(each: Any) -> dict[str, Any]:  # noqa: ANN401 - a finding, whose room loads late
    return {"kind": each.kind, "system": each.system, "what": render(each.what), "next": render(each.advice)}


def _shown(rows: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    head = (
        _("system"),
        _("answers"),
        _("sources"),
        _("may lose (s)"),
        _("would lose (s)"),
        _("copies"),
        _("next (UTC)"),
    )
    lines = [table(head, [_cells(each) for each in rows]), ""]
    for each in found:
        lines += [f"{each['kind']}: {printable(each['what'])}", _("  next: {advice}").format(advice=each["next"])]
    return "\n".join([*lines, _("plans: {plans}, findings: {findings}").format(plans=len(rows), findings=len(found))])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    unverified = _("not verified on a real system")
    sources = [each["kind"] if each["verified"] else f"{each['kind']} ({unverified})" for each in row["sources"]]
    copies = [f"{each['repository']} ({each['place']}, {each['km']:.0f} km)" for each in row["copies"]]
    target = "" if row["rpo_seconds"] is None else str(row["rpo_seconds"])
    moment = (row["next_due"] or _("switched off"))[:16].replace("T", " ")
    return (
        row["system"],
        row["answers"],
        ", ".join(sources),
        target,
        str(row["exposure_seconds"]),
        ", ".join(copies),
        moment,
    )
