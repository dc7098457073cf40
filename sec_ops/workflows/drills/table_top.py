"""A table-top drill with its run: asked step by step, answered by notes, recorded as any other drill is."""

from dataclasses import dataclass

from sec_ops.drill.noting import notes_of
from sec_ops.drill.running.halting import Halted
from sec_ops.drill.running.journal import JOURNAL, Journal
from sec_ops.drill.table_top import Rehearsed, TableTopDoors, rehearse
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.drill_scenario import DrillStep
from sec_ops.model.errors import SecOpsError
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.run import Run
from sec_ops.workflows.drills.doors import AskedDrill, DrillDoors
from sec_ops.workflows.drills.interrupted import ASKED
from sec_ops.workflows.drills.recording import Came, record_of

__all__ = ["TableTop"]


@dataclass(slots=True, kw_only=True)
class TableTop:
    """One table-top under way, whose run folder is made; nothing of it can fail to start."""

    asked: AskedDrill
    doors: DrillDoors
    run: Run
    failed: SecOpsError | None = None
    interrupted: bool = False

    def come_to_its_end(self) -> DrillRecord:
        """Ask all steps and return the record; Ctrl-C too ends it with one, and `interrupted` says so."""
        started = utc_text(self.doors.clock.now())
        lost_at = utc_text(self.asked.lost_at) if self.asked.lost_at else started
        came = Came(
            run=self.run.name,
            controller=self.doors.controller,
            place=self.doors.place,
            started=started,
            lost_at=lost_at,
        )
        self.run.write(ASKED, self._record(came, None).model_dump(mode="json"))
        rehearsed = None
        try:
            rehearsed = self._rehearsed()
        except (Halted, KeyboardInterrupt):
            self.interrupted = True
        return self._record(came, rehearsed)

    def _rehearsed(self) -> Rehearsed:
        journal = Journal(self.run.folder / JOURNAL, self.doors.clock, self.doors.hear)

        def ask(step: DrillStep) -> None:
            journal.tell("asked", name=step.id)

        doors = TableTopDoors(
            notes=lambda: notes_of(self.run.folder), ask=ask, clock=self.doors.clock, sleep=self.doors.halt.sleep
        )
        scenario = self.asked.plan.scenario
        return rehearse(scenario.steps, scenario.deadline_minutes, doors)

    def _record(self, came: Came, rehearsed: Rehearsed | None) -> DrillRecord:
        came.interrupted = self.interrupted
        came.ended = utc_text(self.doors.clock.now())
        record = record_of(self.asked, came)
        if rehearsed is None:
            return record
        return record.model_copy(update={"verdict": rehearsed.verdict, "problems": rehearsed.problems})
