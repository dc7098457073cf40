"""One system comes back, phase by phase, and its record."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.drill.measuring.loss import Basis, Loss
from sec_ops.drill.measuring.phases import Phase, PhaseClock
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.halting import Halted
from sec_ops.drill.running.measured import Measured, lost_of, silent_problem, target_problems
from sec_ops.drill.running.serving import Serving, problem_of
from sec_ops.drill.running.showing import Showing
from sec_ops.drill.running.stage import Stage
from sec_ops.drill.running.values import Counted, Fetched, Restoring, Unpacked
from sec_ops.drill.sandbox.doors import SandboxDoors
from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.drill_record import DrillVerdict, Problem, SourceRecord, SystemRecord
from sec_ops.model.drill_scenario import RecoveryService
from sec_ops.model.errors import SecOpsError, StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.clock import utc_text

__all__ = ["Recovering"]


@dataclass(slots=True, kw_only=True)
class Recovering:
    """The recovery of one system, which runs in a thread of its own; `record` may be asked at any time after it."""

    planned: PlannedSystem
    restoring: Restoring
    stage: Stage
    phases: PhaseClock
    works: bool = False
    verdict: DrillVerdict = "interrupted"
    fetched: Fetched = field(default_factory=lambda: Fetched(proved=False))
    serving: Serving | None = None
    showing: Showing | None = None
    unpacked: Unpacked = field(default_factory=lambda: Unpacked(restored={}))
    problems: list[Problem] = field(default_factory=list)

    def run(self) -> None:
        """Recover the system; whatever happens, who waits for it is told."""
        try:
            self.verdict = "failed"
            self._recover()
        except Halted:
            self.verdict = "interrupted"
        except Exception as error:
            if self.stage.halt.asked:  # what ended under its hands ended because all does
                self.verdict = "interrupted"
            elif isinstance(error, SecOpsError):
                self.problems.append(problem_of(error))
            else:  # a thread has nobody to raise to: the drill fails, and says by what
                self.problems.append(Problem(what=message("the drill itself failed"), why=repr(error)))
                raise
        finally:
            self.phases.end()
            self.stage.turns.ended(self.planned.id, works=self.works)
            with suppress(StorageError):
                self.stage.journal.tell("ended", system=self.planned.id, verdict=self.verdict)

    def _recover(self) -> None:
        self._enter(Phase.SELECT)
        self.restoring.select()
        self._enter(Phase.PROVISION)
        sandbox = self.stage.opened()
        self._enter(Phase.FETCH)
        self.fetched = self.restoring.fetch(self.stage.fetched / self.planned.id)
        self.problems += self.fetched.problems
        if not self.fetched.proved:
            self.stage.halt.check()
            return
        roots = self._handed_over(sandbox)
        self._enter(Phase.LOAD)
        broken = self.stage.turns.wait(self.planned.after)
        if broken:
            self.verdict = "not_run"
            self.problems.append(Problem(what=message("it depends on {system}, which does not work", system=broken)))
            return
        started = self._loaded(sandbox, roots)
        self._enter(Phase.VERIFY)
        self.works = self._shown() and started
        self.stage.turns.ended(self.planned.id, works=self.works)
        if self.works:
            self._enter(Phase.SWITCH)
            self.stage.switched()
            self.phases.end()
            self._judge()

    def _enter(self, phase: Phase) -> None:
        self.stage.halt.check()
        self.phases.enter(phase)
        self.stage.journal.tell("phase", system=self.planned.id, phase=phase.value)

    def _handed_over(self, sandbox: Sandbox) -> Mapping[str, Path]:
        """Give what was proved to the sandbox's user, then move it to where the sandbox sees it.

        Its new place lies directly in the work folder, whose own parent is ours: nobody inside can put a link there
        that would lead us elsewhere.
        """
        here = self.stage.fetched / self.planned.id
        there = sandbox.work / f"{self.planned.id}.restored"
        sandbox.hand_over(here, there)
        return {source: there / root.relative_to(here) for source, root in self.fetched.roots.items()}

    def _loaded(self, sandbox: Sandbox, roots: Mapping[str, Path]) -> bool:
        """Unpack, make, load and start; return whether all stands."""
        doors = SandboxDoors(sandbox=sandbox, clock=self.stage.clock)
        self.unpacked = self.restoring.unpack(roots, sandbox.work / f"{self.planned.id}.unpacked", doors)
        self.serving = Serving(
            system=self.planned.id,
            stage=self.stage,
            sandbox=sandbox,
            restoring=self.restoring,
            doors=doors,
            unpacked=self.unpacked,
        )
        started = self.serving.bring_up(self.planned.services)
        return started and not self.unpacked.failed

    def _shown(self) -> bool:
        """Count and check; return whether all is as it should be."""
        assert self.serving is not None  # noqa: S101 - it was loaded
        self.showing = Showing(serving=self.serving)
        counted = self.showing.count()
        return self.showing.check(self.planned.checks) and counted

    def _judge(self) -> None:
        missed = target_problems(self._measured())
        self.problems += missed
        self.verdict = "failed" if missed else "passed"

    def _measured(self) -> Measured:
        back = self.works and self.verdict != "interrupted"
        logs = _log_sources(self.planned.services)
        beating = _beating_sources(self.planned.plan)
        return Measured(
            rto_ms=self.phases.recovery_ms() if back else None,
            rto_target_ms=_milliseconds(self.planned.rto_seconds),
            loss=lost_of(self._sources(), self.stage.lost_at, until=self.stage.until, logs=logs, beating=beating)
            if self.showing
            else Loss(basis=Basis.UNKNOWN),
            rpo_target_ms=_milliseconds(self.planned.rpo_seconds),
        )

    def _sources(self) -> Sequence[SourceRecord]:
        """Return the sources with what loading and counting them came to."""
        counted = self.showing.counted if self.showing else {}
        return [self._source(each, counted.get(each.source)) for each in self.fetched.sources]

    def _source(self, source: SourceRecord, counted: Counted | None) -> SourceRecord:
        refused = self.serving.refused.get(source.source) if self.serving else None
        broken = refused or self.unpacked.failed.get(source.source)
        fed = source.source in (self.serving.loaded if self.serving else ()) or source.source in self.unpacked.logs
        update: dict[str, object] = {"loaded": "failed" if broken else "ok" if fed else ""}
        problems = [*source.problems, *([broken] if broken else [])]
        if counted:
            update |= {"tables": counted.tables, "tables_proved": counted.proved}
            update |= {"heartbeat": utc_text(counted.heartbeat)} if counted.heartbeat else {}
            problems += counted.problems
            if counted.problems:
                update["verdict"] = "damaged"
        if self.showing and not (counted and counted.heartbeat) and self._beats(source.source):
            problems.append(silent_problem())
        return source.model_copy(update={**update, "problems": tuple(problems)})

    def _beats(self, source: str) -> bool:
        """Return whether a heartbeat row of a source was to come back."""
        return source in _beating_sources(self.planned.plan) and source not in _log_sources(self.planned.services)

    def record(self) -> SystemRecord:
        """Return what it came to."""
        measured, chosen = self._measured(), self.fetched.chosen
        return SystemRecord(
            system=self.planned.id,
            name=self.planned.name,
            verdict=self.verdict,
            after=self.planned.after,
            run=chosen.run if chosen else "",
            repository=chosen.repository if chosen else "",
            place=chosen.place if chosen else "",
            far=chosen.far if chosen else False,
            phases={phase.value: spent for phase, spent in self.phases.spent_ms().items()},
            begun={phase.value: begun for phase, begun in self.phases.begun_ms().items()},
            rto_ms=measured.rto_ms,
            rto_target_ms=measured.rto_target_ms,
            rto_met=measured.rto_met,
            rpo_ms=measured.loss.lost_ms,
            rpo_uncertain_ms=measured.loss.uncertain_ms,
            rpo_basis=measured.loss.basis.value,
            rpo_target_ms=measured.rpo_target_ms,
            rpo_met=measured.rpo_met,
            trusted=tuple(self.fetched.trusted),
            fetches=tuple(self.fetched.attempts),
            sources=tuple(self._sources()),
            services=tuple(self.serving.records) if self.serving else (),
            checks=tuple(self.showing.checks) if self.showing else (),
            problems=tuple(self.problems),
        )


def _milliseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


def _beating_sources(plan: BackupPlan) -> frozenset[str]:
    """Return the sources into which the time is written, by their plan."""
    return frozenset(each.id for each in plan.sources if each.heartbeat)


def _log_sources(services: Sequence[RecoveryService]) -> tuple[str, ...]:
    """Return sources that are nothing but the log of another one's base backup."""
    pairs = [(each.settings.get("base"), each.settings.get("log")) for each in services]
    return tuple(log for base, log in pairs if isinstance(log, str) and log and log != base)
