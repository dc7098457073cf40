"""Rooms and doors of `drill run`, put together."""

import secrets
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Hold
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.doors import site_doors
from sec_ops.backup.retaining.gate import Gate
from sec_ops.backup.retaining.sealing import sealed_hold
from sec_ops.backup.retaining.signs import Raised
from sec_ops.backup.sheet.values import Sheet
from sec_ops.backup.verdict import Judged
from sec_ops.cli.backup._planning import Room, load_site
from sec_ops.cli.backup._running import require_approval
from sec_ops.cli.backup._sheet import made_sheet
from sec_ops.cli.drill._progress import DrillProgress
from sec_ops.cli.drill._room import tell_settled
from sec_ops.cli.drill._shown import record_document, record_lines
from sec_ops.cli.output import emit, note
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.termination import told_first
from sec_ops.content.kinds import DRILLS, RECOVERIES
from sec_ops.drill.judging.summary import seal_summary
from sec_ops.drill.planning.plan import DrillPlan
from sec_ops.evidence.believing import believed_keys
from sec_ops.evidence.log import EvidenceLog
from sec_ops.identity.approvals import ContentApprovals, read_approvals
from sec_ops.identity.people import load_people
from sec_ops.inventory.loading import load_inventory
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_judgement import Judgement
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.drill_scenario import DrillKind, Fault
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.organisation import Host
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.reports.drill.words import drill_words
from sec_ops.reports.drill.writing import write_report
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.language import language, render
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site
from sec_ops.transport.process import run_program
from sec_ops.workflows.drills.doors import AskedDrill, DrillDoors
from sec_ops.workflows.drills.injecting import cannot_inject
from sec_ops.workflows.drills.judging import judged_drill
from sec_ops.workflows.drills.planning import load_drills
from sec_ops.workflows.drills.sealed import sealed_drills
from sec_ops.workflows.drills.whole import Drilled, run_drill

__all__ = ["Wanted", "run_scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A drill as it was typed."""

    scenario: str
    lost_at: str
    until: str
    waits: bool
    inject: tuple[Fault, ...]


def run_scenario(named: str | None, wanted: Wanted) -> Iterable[Outcome]:
    """Run a drill, show and seal what it came to."""
    room = load_site(named)
    assert room.site is not None  # noqa: S101 - only the example has none
    plan = load_drills(room.library, room.planned, room.hosts).plan(wanted.scenario)
    asked = _asked(plan, wanted, room)
    _require_approval(room, room.site)
    if plan.scenario.story:
        note(printable(plan.scenario.story.spoken(language())))
    progress = DrillProgress(plan.scenario.steps)
    with evidence_of(room.site) as log, open_record(room.site) as record:
        doors = _doors(plan, room, log, record)
        doors = replace(doors, hear=progress, sheet=_sheet(named, plan))
        judged: list[Judgement] = []

        def report(drilled: DrillRecord, folder: Path) -> None:
            judged.append(_judged(drilled, room, record, log))
            write_report(drilled, judged[0], folder / "report.html", language(), room.zone)

        try:
            with told_first(doors.halt.ask):
                drilled = run_drill(asked, doors, report=report)
        finally:
            progress.clear()
        seal_summary(log, room.planned.systems, SystemClock().now())
    return _told(drilled, judged[0] if judged else None, room.zone)


def _doors(plan: DrillPlan, room: Room, log: EvidenceLog, record: Record) -> DrillDoors:
    """Return the doors of a drill that nobody listens to and that has no sheet."""
    assert room.site is not None  # noqa: S101 - only the example has none
    return DrillDoors(
        site=room.site,
        record=record,
        log=log,
        restic=site_doors(room.site),
        read_secret=Secrets(run_program=run_program),
        trust=believed_keys(room.site.evidence),
        clock=SystemClock(),
        randomness=secrets.token_bytes,
        run_program=run_program,
        controller=socket.gethostname(),
        place=room.settings.place or "",
        lost=_lost(plan, room),
        hosts=_hosts(plan, room),
        looked=lambda restic, system: _looked(restic, system, record, log),
    )


def _sheet(named: str | None, plan: DrillPlan) -> Sheet | None:
    return made_sheet(named) if plan.scenario.kind is DrillKind.CONTROLLER_LOST else None


def _looked(restic: Restic, system: str, record: Record, log: EvidenceLog) -> Judged:
    """Judge a system's runs; what is held now is sealed as it is before copies."""

    def seal(hold: Hold, signs: Sequence[Raised]) -> None:
        log.append("backup.hold/1", sealed_hold(hold, signs), system=hold.system)

    return Gate(restic=restic, record=record, chance=secrets.SystemRandom(), seal=seal).judge(system).judged


def _judged(drilled: DrillRecord, room: Room, record: Record, log: EvidenceLog) -> Judgement:
    assert room.site is not None  # noqa: S101 - only the example has none
    earlier = [each.drill for each in sealed_drills(log, room.site.state / "drill")]
    return judged_drill(drilled, room.library, room.planned, record, earlier)


def _asked(plan: DrillPlan, wanted: Wanted, room: Room) -> AskedDrill:
    """Return what is asked for; raises UsageError for moments that can't be, and options that fit no such drill."""
    now = SystemClock().now()
    lost_at, until = (
        _moment(name, text, room) for name, text in (("--lost-at", wanted.lost_at), ("--until", wanted.until))
    )
    for name, each in (("--lost-at", lost_at), ("--until", until)):
        if each and each > now:
            raise UsageError(message("{option} lies in the future", option=name))
    if plan.scenario.kind is DrillKind.MOMENT and until is None:
        advice = message("add --until TIME, such as --until 2026-11-26T08:00:00+08:00")
        raise UsageError(
            message("the scenario {name} needs a moment to come back to", name=plan.scenario.id), advice=advice
        )
    if plan.scenario.kind is not DrillKind.MOMENT and until is not None:
        raise UsageError(message("--until is for scenarios that come back to a chosen moment"))
    if plan.scenario.kind is DrillKind.TABLE_TOP and (wanted.waits or wanted.inject):
        what = message("a table-top drill restores nothing, so nothing is waited for or injected")
        raise UsageError(what, advice=message("leave out --wait and --inject"))
    inject = _faults(plan, wanted)
    return AskedDrill(plan=plan, lost_at=lost_at, until=until, waits=wanted.waits, inject=inject)


def _faults(plan: DrillPlan, wanted: Wanted) -> Sequence[Fault]:
    """Return the faults to start, those of the scenario first; raises UsageError for all that can't be."""
    damage = [Fault.DAMAGED_PACK] if plan.scenario.kind is DrillKind.DAMAGED_COPY else []
    faults = tuple(dict.fromkeys((*damage, *plan.scenario.inject, *wanted.inject)))
    firsts = dict.fromkeys(each.repositories[0] for each in plan.systems if each.repositories)
    refused = [why for name in firsts for why in cannot_inject(faults, plan.repositories[name])]
    if refused:
        what = message("not all faults can be started: {count}", count=len(refused))
        raise UsageError(what, why="\n".join(map(render, refused)), advice=message("leave these out of --inject"))
    return faults


def _moment(option: str, text: str, room: Room) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        advice = message("write it as 2026-11-26T08:00:00+08:00")
        raise UsageError(message("{option}: {text} is no moment", option=option, text=text), advice=advice) from error
    return found if found.tzinfo else found.replace(tzinfo=room.zone)


def _require_approval(room: Room, site: Site) -> None:
    """Refuse content that executes and that nobody approved; raises NotApproved."""
    require_approval(room, site)
    kept, people = read_approvals(site.approvals), load_people(room.library)
    check = ContentApprovals(approvals=kept, people=people, run_program=run_program)
    room.library.require_approval(check, DRILLS, RECOVERIES)


def _lost(plan: DrillPlan, room: Room) -> Sequence[Repository]:
    """Return the repositories of the drill's systems that lie where all is lost."""
    names = dict.fromkeys(name for each in plan.systems for name in each.plan.repositories)
    known = [room.planned.repositories[name] for name in names]
    return [each for each in known if each.place in plan.scenario.lost_places]


def _hosts(plan: DrillPlan, room: Room) -> Mapping[str, Sequence[Host]]:
    assert room.site is not None  # noqa: S101 - only the example has none
    inventory = load_inventory(room.site.root, run_program, library=room.library, cache=room.site.state / "inventory")
    return {each.id: inventory.hosts_of(each.id) for each in plan.systems if each.id in inventory.systems}


def _told(drilled: Drilled, judgement: Judgement | None, zone: ZoneInfo) -> Iterable[Outcome]:
    outcomes = {_outcome(drilled.record), *([drilled.failed.outcome] if drilled.failed else [])}
    if drilled.interrupted:
        outcomes = {Outcome.INTERRUPTED}
    tell_settled(drilled.settled)
    record, folder = drilled.record, drilled.run.folder
    words = drill_words(language(), zone)
    emit(
        "sec-ops/drill-run",
        {**record_document(record, judgement), "folder": str(folder)},
        outcomes=outcomes,
        text=lambda: "\n".join([*record_lines(record, judgement, words), printable(str(folder))]),
    )
    return outcomes


def _outcome(record: DrillRecord) -> Outcome:
    return Outcome.CLEAN if record.verdict == "passed" else Outcome.FINDINGS
