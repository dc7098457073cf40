"""`sec-ops logs hold`: logs that an incident case needs stay, whatever the retention."""

import datetime as dt
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.persons import require_person
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import Site, find_site

if TYPE_CHECKING:
    from sec_ops.model.log_hold import Hold
    from sec_ops.siem.retaining.holds import Holds

app = typer.Typer(
    help=_("Keep logs that an incident case needs, whatever the retention."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
Reason = Annotated[str, typer.Option(help=_("why"))]
By = Annotated[str, typer.Option(metavar="PERSON", help=_("id of the person who answers for it"))]


@app.command(help=_("Put days of logs under a hold."))
def add(
    case: Annotated[str, typer.Option(help=_("id of the incident case"))],
    reason: Reason,
    by: By,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help=_("first day (UTC), as 2026-11-01"))],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help=_("last day (UTC), included"))],
    dataset: Annotated[list[str] | None, typer.Option(help=_("only this dataset; default: all"))] = None,
    source: Annotated[list[str] | None, typer.Option(help=_("only days with this source; default: all"))] = None,
) -> Iterable[Outcome]:
    """Keep a hold, then seal it: a hold that could not be sealed stands all the same."""
    from sec_ops.model.log_hold import Hold
    from sec_ops.runtime.clock import SystemClock, utc_text

    first_day, last_day = _day(first), _day(last)
    if last_day < first_day:
        raise UsageError(message("the last day {last} is before the first, {first}", last=last, first=first))
    site = find_site(current().site)
    _refuse_blank(case, reason)
    require_person(site, by)
    hold = Hold(
        id=f"hold-{secrets.token_hex(4)}",
        case=case.strip(),
        reason=reason.strip(),
        person=by,
        placed=utc_text(SystemClock().now()),
        first_day=first_day,
        last_day=last_day,
        datasets=tuple(dataset or ()),
        sources=tuple(source or ()),
    )
    with evidence_of(site) as log, _holds(site) as holds:
        holds.put(hold)
        log.append("logs.hold/1", _sealed(hold, "placed"))
    emit("sec-ops/logs-hold", {"hold": _document(hold)}, text=lambda: hold.id)
    return ()


@app.command(name="list", help=_("Show the holds, lifted ones too."))
def list_holds() -> Iterable[Outcome]:
    """List holds in the order they were placed."""
    with _holds(find_site(current().site)) as holds:
        found = holds.all()
    emit("sec-ops/logs-hold-list", {"holds": [_document(hold) for hold in found]}, text=lambda: _text(found))
    return ()


@app.command(help=_("Lift a hold: the retention counts again."))
def lift(
    hold: Annotated[str, typer.Argument(metavar="HOLD", help=_("id of the hold"))],
    reason: Reason,
    by: By,
) -> Iterable[Outcome]:
    """Seal first, then lift: when that is cut short, the hold still stands."""
    from sec_ops.runtime.clock import SystemClock, utc_text

    site = find_site(current().site)
    _refuse_blank(reason)
    require_person(site, by)
    with evidence_of(site) as log, _holds(site) as holds:
        standing = holds.named(hold)
        lifted = {"lifted": utc_text(SystemClock().now()), "lifted_by": by, "lifted_reason": reason.strip()}
        changed = standing.model_copy(update=lifted)
        log.append("logs.hold/1", _sealed(changed, "lifted"))
        holds.put(changed)
    emit("sec-ops/logs-hold", {"hold": _document(changed)}, text=lambda: changed.id)
    return ()


@contextmanager
def _holds(site: Site) -> "Iterator[Holds]":
    from sec_ops.siem.retaining.holds import Holds

    holds = Holds(site.logs)
    try:
        yield holds
    finally:
        holds.close()


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(message("not a day: {text}", text=text), advice=message("write it as 2026-11-01")) from error


def _refuse_blank(*texts: str) -> None:
    if not all(text.strip() for text in texts):
        raise UsageError(message("case and reason can't be empty"))


def _sealed(hold: "Hold", change: str) -> dict[str, Any]:
    """Return the entry's data; the person and the reason are those of the change."""
    lifted = change == "lifted"
    return {
        "hold": hold.id,
        "change": change,
        "case": hold.case,
        "reason": hold.lifted_reason if lifted else hold.reason,
        "person": hold.lifted_by if lifted else hold.person,
        "first_day": hold.first_day.isoformat(),
        "last_day": hold.last_day.isoformat(),
        "datasets": list(hold.datasets),
        "sources": list(hold.sources),
    }


def _document(hold: "Hold") -> dict[str, Any]:
    return hold.model_dump(mode="json")


def _text(holds: "Sequence[Hold]") -> str:
    if not holds:
        return _("there are no holds")
    rows = [
        (
            hold.id,
            hold.case,
            f"{hold.first_day} … {hold.last_day}",
            _("lifted") if hold.lifted else _("stands"),
            ", ".join([*hold.datasets, *hold.sources]) or "*",
            hold.reason,
        )
        for hold in holds
    ]
    return table((_("hold"), _("case"), _("days"), _("state"), _("datasets and sources"), _("reason")), rows)
