"""`sec-ops backup hold`: what the gate holds back, and a person's word that lets it go."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.persons import require_person
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import find_site

if TYPE_CHECKING:
    from sec_ops.backup.record.values import Hold

app = typer.Typer(
    help=_("Show what the gate holds back from copying and forgetting, and lift a hold."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command(name="list", help=_("Show holds with their reasons; exit 1 while one is open."))
def list_holds(
    system: Annotated[str, typer.Argument(metavar="[SYSTEM]", help=_("key system; default: all"))] = "",
    *,
    lifted: Annotated[bool, typer.Option("--lifted", help=_("also those that were lifted"))] = False,
) -> Iterable[Outcome]:
    """List holds, oldest first."""
    from sec_ops.backup.record.record import open_record

    with open_record(find_site(current().site)) as record:
        found = record.holds(system, lifted=lifted)
    outcomes = (Outcome.FINDINGS,) if any(each.lifted_ms is None for each in found) else ()
    emit(
        "sec-ops/backup-holds",
        {"holds": [_document(each) for each in found]},
        outcomes=outcomes,
        text=lambda: "\n".join(line for each in found for line in _lines(each)) or _("nothing is held"),
    )
    return outcomes


@app.command(help=_("Lift a hold: the run counts, and later ones are compared with it. Who and why is sealed."))
def lift(
    hold: Annotated[int, typer.Argument(metavar="HOLD", help=_("number of the hold"))],
    by: Annotated[str, typer.Option(metavar="PERSON", help=_("id of the person who says that all is well"))],
    reason: Annotated[str, typer.Option(help=_("how that is known"))],
) -> Iterable[Outcome]:
    """Lift a hold, then seal who did and why."""
    from sec_ops.backup.record.record import open_record
    from sec_ops.backup.retaining.sealing import sealed_lift

    site = find_site(current().site)
    if not reason.strip():
        raise UsageError(message("how it is known that all is well must be told"), advice=message("add --reason TEXT"))
    require_person(site, by)
    with evidence_of(site) as log, open_record(site) as record:
        lifted = record.lift(hold, person=by, reason=reason.strip())
        log.append("backup.hold/1", sealed_lift(lifted), system=lifted.system)
        left = len(record.holds(lifted.system))
    emit(
        "sec-ops/backup-hold-lift",
        {"hold": _document(lifted), "left": left},
        outcomes=(),
        text=lambda: _("lifted: {run} of {system}; still held: {left}").format(
            run=lifted.run, system=lifted.system, left=left
        ),
    )
    return ()


def _document(hold: "Hold") -> dict[str, Any]:
    return {
        "hold": hold.id,
        "system": hold.system,
        "repository": hold.repository,
        "run": hold.run,
        "reason": render(hold.reason),
        "signs": [render(each) for each in hold.signs],
        "since": _moment(hold.since_ms),
        "lifted": _moment(hold.lifted_ms) if hold.lifted_ms is not None else None,
        "lifted_by": hold.lifted_by,
        "lifted_why": printable(hold.lifted_why),
    }


def _lines(hold: "Hold") -> list[str]:
    head = _("hold {id}: {system}, run {run} in {repository}, since {since}").format(
        id=hold.id, system=hold.system, run=hold.run, repository=hold.repository, since=_moment(hold.since_ms)
    )
    lines = [head, f"  {render(hold.reason)}", *(f"  - {printable(render(each))}" for each in hold.signs)]
    if hold.lifted_ms is not None:
        words = _("  lifted {at} by {person}: {reason}")
        why = printable(hold.lifted_why)
        return [*lines, words.format(at=_moment(hold.lifted_ms), person=hold.lifted_by, reason=why)]
    next_ = _("  next: look at the system; if all is well: sec-ops backup hold lift {id} --by PERSON --reason TEXT")
    return [*lines, next_.format(id=hold.id)]


def _moment(at_ms: int) -> str:
    from sec_ops.backup.record.moments import moment
    from sec_ops.runtime.clock import utc_text

    return utc_text(moment(at_ms))
