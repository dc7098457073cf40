"""`sec-ops logs retain`: let days of logs go that are older than the site keeps them."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.logs._store import fields_of, open_store
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.model.evidence import LogsDeleted
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.run import Run, remove_run, runs_before
from sec_ops.runtime.site import Site, find_site
from sec_ops.siem.storing import EventStore, Retained

if TYPE_CHECKING:
    from sec_ops.evidence.log import EvidenceLog
    from sec_ops.siem.retaining.holds import Holds
    from sec_ops.siem.retaining.letting_go import Rule

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Let days of logs go that are older than they are kept; holds stay. Digests are sealed first."))
def retain(
    dry_run: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--dry-run", help=_("show what would be let go, and change nothing"))
    ] = False,
    clock_is_right: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--clock-is-right", help=_("go on though nothing was received for long"))
    ] = False,
) -> Iterable[Outcome]:
    """Seal and remove what is due; the manifest is tidied up at the end."""
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.runtime.configuration import load_configuration
    from sec_ops.siem.embedded.mending import give_up
    from sec_ops.siem.retaining.holds import Holds
    from sec_ops.siem.retaining.letting_go import doubt_clock, let_go, look_ahead, raw_before, rule_of

    site = find_site(current().site)
    now = SystemClock().now()
    rule = rule_of(load_configuration(site).logs, now)
    with open_store(site, fields_of(site)) as store, closing(Holds(site.logs)) as holds:
        if not clock_is_right:
            doubt_clock(store, now)
        if dry_run:
            days, segments = list(look_ahead(store, holds, rule)), None
            pulls = len(_pulls_due(site, holds, rule))
        else:
            with evidence_of(site) as log:
                days = list(let_go(store, holds, rule, partial(_seal, log)))
                segments = _raw_let_go(site, store, holds, rule, log)
            give_up(site.logs, raw_before(rule, holds.standing()))
            pulls = _pulls_let_go(site, holds, rule)
            store.maintain()
    body = {
        "dry_run": dry_run,
        "retention_days": rule.days,
        "received_before": rule.received_before.isoformat(),
        "days": [_document(day) for day in days],
        "raw_segments": segments,
        "pull_runs": pulls,
    }
    emit("sec-ops/logs-retain", body, text=lambda: _text(days, segments, pulls))
    return ()


def _seal(log: "EvidenceLog", deleted: LogsDeleted) -> None:
    log.append(LogsDeleted.kind, deleted.model_dump(mode="json"))


def _raw_let_go(site: Site, store: EventStore, holds: "Holds", rule: "Rule", log: "EvidenceLog") -> int:
    """Let raw segments go that are due, understood and under no hold; return how many."""
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.siem.raw.removal import removable, remove
    from sec_ops.siem.retaining.letting_go import raw_before

    committed = {stream: commit.sequence for stream, commit in store.committed().items()}
    with holds.undisturbed():
        before_ms = int(raw_before(rule, holds.standing()).timestamp() * 1000)
        return len(remove(site.logs, removable(site.logs, before_ms, committed, SystemClock()), log))


def _pulls_let_go(site: Site, holds: "Holds", rule: "Rule") -> int:
    """Remove the folders of pulls that are due, and return how many: what they fetched is told by the raw log."""
    with holds.undisturbed():
        due = _pulls_due(site, holds, rule)
        for run in due:
            remove_run(run)
    return len(due)


def _pulls_due(site: Site, holds: "Holds", rule: "Rule") -> list[Run]:
    from sec_ops.siem.retaining.letting_go import raw_before

    return runs_before(site.runs, raw_before(rule, holds.standing()), verb="pull")


def _document(day: Retained) -> dict[str, Any]:
    return {
        "day": day.day,
        "datasets": list(day.datasets),
        "events": day.events,
        "sha256": day.sha256,
        "held_by": day.held_by,
    }


def _text(days: Sequence[Retained], segments: int | None, pulls: int) -> str:
    raw = "\n" + render(message("raw segments let go: {count}", count=segments)) if segments else ""
    raw += "\n" + render(message("folders of old pulls: {count}", count=pulls)) if pulls else ""
    if not days:
        return _("nothing is due") + raw
    rows = [
        (
            day.day,
            str(day.events),
            render(message("held by {hold}", hold=day.held_by)) if day.held_by else _("let go"),
            ", ".join(day.datasets),
        )
        for day in days
    ]
    return table((_("day"), _("events"), _("what became of it"), _("datasets")), rows) + raw
