"""A drill with all around it: alone on its site, after what a killed one left, in a run folder that is sealed."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.drill.judging.sealing import sealed_drill
from sec_ops.drill.noting import RECORD, closed_notes
from sec_ops.drill.sandbox.opening import remove_leftovers
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.canonical import canonical_json
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.drill_scenario import DrillKind
from sec_ops.model.errors import EngineError, SecOpsError
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import make_folder, write_atomically
from sec_ops.runtime.locks import Lock
from sec_ops.runtime.run import MANIFEST, Run, create_run, remove_run, runs_before
from sec_ops.runtime.site import Site
from sec_ops.workflows.drills.doors import AskedDrill, DrillDoors
from sec_ops.workflows.drills.interrupted import ASKED, UnreadRecord, record_after, record_in
from sec_ops.workflows.drills.running import SCRATCH, Drill
from sec_ops.workflows.drills.table_top import TableTop

__all__ = ["VERB", "Drilled", "Settled", "run_drill", "settle_drills"]

VERB = "drill"
_LOCK = Path("drill") / "lock"
_AT_WORK = Path("drill") / "at-work.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Runs of killed drills that were sealed now, and why others could not be: they stay as they are."""

    runs: tuple[str, ...] = ()
    refused: tuple[SecOpsError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """A drill that came to its end. `failed` is why nothing could be started; `settled` is what was found before it.

    `interrupted` says that somebody ended it.
    """

    record: DrillRecord
    run: Run
    failed: SecOpsError | None
    interrupted: bool
    settled: Settled = field(default_factory=Settled)


def run_drill(
    asked: AskedDrill, doors: DrillDoors, *, report: Callable[[DrillRecord, Path], object] | None = None
) -> Drilled:
    """Run a drill and seal it; `report` writes what people read into the run's folder before.

    Raises EngineError while another drill is at work, StorageError, and what `report` raises once all is sealed.
    """
    site = doors.site
    with _alone(site, doors):
        settled = _settled(site, doors.log, doors.clock)
        run = create_run(site.runs, VERB, clock=doors.clock, randomness=doors.randomness)
        _tell_who(site, doors, run.name)
        table_top = asked.plan.scenario.kind is DrillKind.TABLE_TOP
        drill = (TableTop if table_top else Drill)(asked=asked, doors=doors, run=run)
        record = _sealed(run, drill.come_to_its_end(), doors.log, report)
    return Drilled(record=record, run=run, failed=drill.failed, interrupted=drill.interrupted, settled=settled)


def settle_drills(site: Site, log: EvidenceLog, clock: Clock) -> Settled:
    """Seal drills that were killed and remove what is left of them.

    While a drill is at work nothing is done. Raises StorageError.
    """
    lock = _taken(site)
    if lock is None:
        return Settled()
    try:
        return _settled(site, log, clock)
    finally:
        lock.release()


def _settled(site: Site, log: EvidenceLog, clock: Clock) -> Settled:
    remove_leftovers(site.var / SCRATCH)
    found: list[str] = []
    refused: list[SecOpsError] = []
    for run in runs_before(site.runs, clock.now(), verb=VERB):
        if not (run.folder / MANIFEST).exists():
            try:
                found += [run.name] if _settle(run, log) else []
            except UnreadRecord as error:
                refused.append(error)
    return Settled(runs=tuple(found), refused=tuple(refused))


def _settle(run: Run, log: EvidenceLog) -> bool:
    """Seal a run that has no manifest; return whether it was one that was killed in its work."""
    if (run.folder / RECORD).exists():
        record = record_in(run, RECORD)
        known = any(each.kind == DrillRun.kind and each.data.get("run") == run.name for each in log.entries())
        if known:
            run.seal()
        else:
            _sealed(run, record, log, None)
        return False
    if not (run.folder / ASKED).exists():
        remove_run(run)
        return False
    _sealed(run, record_after(run), log, None)
    return True


def _sealed(
    run: Run, record: DrillRecord, log: EvidenceLog, report: Callable[[DrillRecord, Path], object] | None
) -> DrillRecord:
    """Write the record, then what people read, then the entry, then the manifest, by which a run is known as sealed.

    Return the record with the notes that were typed until it was written.
    """
    with closed_notes(run.folder) as notes:
        record = record.model_copy(update={"notes": notes})
        run.write(RECORD, record.model_dump(mode="json"))
    failed = None
    try:
        if report:
            report(record, run.folder)
    except SecOpsError as error:
        failed = error
    manifest = run.digests()
    log.append(
        DrillRun.kind,
        sealed_drill(record, manifest).model_dump(mode="json"),
        blob=canonical_json(record.model_dump(mode="json")),
        media_type="application/json",
    )
    run.seal()
    if failed:
        raise failed
    return record


@contextmanager
def _alone(site: Site, doors: DrillDoors) -> Iterator[None]:
    lock = _taken(site)
    if lock is None:
        raise EngineError(
            message("another drill is at work: {who}", who=_who(site)),
            advice=message("wait for it to end, or end it with Ctrl-C where it runs"),
        )
    try:
        _tell_who(site, doors, "")
        yield
    finally:
        (site.var / _AT_WORK).unlink(missing_ok=True)
        lock.release()


def _taken(site: Site) -> Lock | None:
    make_folder(site.var / _LOCK.parent)
    return Lock.take(site.var / _LOCK)


def _tell_who(site: Site, doors: DrillDoors, run: str) -> None:
    who = {"run": run, "process": os.getpid(), "machine": doors.controller, "since": utc_text(doors.clock.now())}
    write_atomically(site.var / _AT_WORK, canonical_json(who))


def _who(site: Site) -> str:
    try:
        told = json.loads((site.var / _AT_WORK).read_bytes())
        return " ".join(f"{name} {told[name]}" for name in ("run", "process", "machine", "since") if told[name])
    except (OSError, ValueError, KeyError, TypeError):
        return "?"
