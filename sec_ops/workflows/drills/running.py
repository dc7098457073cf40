"""A whole drill: one at a time, systems side by side in one sandbox, and a record of it whatever happens."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.drill.measuring.phases import Phase, PhaseClock
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.deciding import decision_after, no_waiting
from sec_ops.drill.running.halting import Halt, Halted
from sec_ops.drill.running.journal import JOURNAL, Journal
from sec_ops.drill.running.places import ports
from sec_ops.drill.running.recovering import Recovering
from sec_ops.drill.running.serving import problem_of
from sec_ops.drill.running.stage import Stage
from sec_ops.drill.running.turns import Turns
from sec_ops.drill.sandbox.opening import Asked, SandboxLeaks, open_sandbox
from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.drill.services import service_of
from sec_ops.model.drill_record import DrillRecord, Problem
from sec_ops.model.drill_scenario import DrillKind, PointChoice
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.run import Run
from sec_ops.transport.halting import halting
from sec_ops.workflows.drills.around import isolation_targets, lost_probes
from sec_ops.workflows.drills.by_restic import ByRestic
from sec_ops.workflows.drills.by_sheet import BySheet
from sec_ops.workflows.drills.choosing import Choice
from sec_ops.workflows.drills.doors import AskedDrill, DrillDoors
from sec_ops.workflows.drills.fetching import Fetching
from sec_ops.workflows.drills.injecting import Injection, injecting
from sec_ops.workflows.drills.interrupted import ASKED
from sec_ops.workflows.drills.loading import Loading
from sec_ops.workflows.drills.recording import Came, isolation_record, record_of
from sec_ops.workflows.drills.restoring import SystemRestoring

__all__ = ["SCRATCH", "Drill"]

SCRATCH = Path("drill") / "scratch"
"""Folder below the site's `var` in which each drill has one of its own while it runs."""

_LOOK_SECONDS = 0.2
_PRIVATE = 0o700
_MARGIN_SECONDS = 600.0


@dataclass(slots=True, kw_only=True)
class Drill:
    """One drill under way, whose run folder is made. `failed` is why nothing could be started, where that is so."""

    asked: AskedDrill
    doors: DrillDoors
    run: Run
    failed: SecOpsError | None = None
    interrupted: bool = False

    @property
    def halt(self) -> Halt:
        """Return what ends it before its end."""
        return self.doors.halt

    def come_to_its_end(self) -> DrillRecord:
        """Run it and return its record; Ctrl-C too ends it with one, and `interrupted` says so."""
        clock = self.doors.clock
        started, now_ms = clock.now(), clock.monotonic_ms()
        lost_at = self.asked.lost_at or started
        came = Came(
            run=self.run.name,
            controller=self.doors.controller,
            place=self.doors.place,
            started=utc_text(started),
            lost_at=utc_text(lost_at),
        )
        stage = self._stage(lost_at, now_ms - round((started - lost_at).total_seconds() * 1000))
        with injecting(self.asked.inject, self._folder / "injected") as injection:
            recoveries = [self._recovering(each, stage, injection) for each in self.asked.plan.systems]
            self.run.write(ASKED, self._record(recoveries, came).model_dump(mode="json"))
            try:
                self._before(recoveries, stage.journal, came)
                self._recover(recoveries, stage, came)
            except (Halted, KeyboardInterrupt):
                self.interrupted = True
            came.struck = injection.struck()
        for each in recoveries:
            each.phases.end()
        return self._record(recoveries, came)

    def _record(self, recoveries: Sequence[Recovering], came: Came) -> DrillRecord:
        broken = [each for each in recoveries if each.verdict == "interrupted"]
        came.interrupted = self.interrupted
        came.phase = min((each.phases.phase for each in broken), key=_ORDER.index).value if broken else ""
        came.systems = [each.record() for each in recoveries]
        came.ended = utc_text(self.doors.clock.now())
        return record_of(self.asked, came)

    def _stage(self, lost_at: datetime, lost_ms: int) -> Stage:
        clock, halt = self.doors.clock, self.halt
        journal = Journal(self.run.folder / JOURNAL, clock, self.doors.hear)
        return Stage(
            clock=clock,
            halt=halt,
            journal=journal,
            turns=Turns(halt),
            sandbox=Future(),
            fetched=self._folder / "fetched",
            ports=ports(),
            read_secret=self.doors.secret_of_site,
            switched=self._waiting(journal),
            lost_at=lost_at,
            lost_ms=lost_ms,
            until=self.asked.until,
        )

    @property
    def _folder(self) -> Path:
        return self.doors.site.var / SCRATCH / self.run.name

    def _waiting(self, journal: Journal) -> Callable[[], None]:
        if not self.asked.waits:
            return no_waiting
        wait_for = decision_after(self.run.folder, self.doors.clock, self.halt)

        def told() -> None:
            journal.tell("waits", name=self.run.name)
            wait_for()

        return told

    def _recovering(self, planned: PlannedSystem, stage: Stage, injection: Injection) -> Recovering:
        return Recovering(
            planned=planned,
            restoring=self._restoring(planned, injection),
            stage=stage,
            phases=PhaseClock(self.doors.clock.monotonic_ms, stage.lost_ms),
        )

    def _restoring(self, planned: PlannedSystem, injection: Injection) -> SystemRestoring:
        scenario = self.asked.plan.scenario
        choice = Choice(
            point=scenario.point,
            until=self.asked.until,
            trust=self.doors.trust,
            folder=self._folder / "proving",
        )
        offering = (
            self._by_sheet(choice) if scenario.kind is DrillKind.CONTROLLER_LOST else self._by_restic(choice, injection)
        )
        fetching = Fetching(
            planned=planned,
            repositories=self.asked.plan.repositories,
            offering=offering,
            injection=injection,
            halt=self.halt,
            clock=self.doors.clock,
        )
        return SystemRestoring(fetching=fetching, loading=Loading(planned=planned, halt=self.halt))

    def _by_restic(self, choice: Choice, injection: Injection) -> ByRestic:
        kind = self.asked.plan.scenario.kind
        return ByRestic(
            opened=lambda repository: self.doors.opened(repository, kind, self.halt),
            looked=self.doors.looked if choice.point is PointChoice.BEFORE_ENCRYPTION else _unlooked,
            injection=injection,
            record=self.doors.record,
            choice=choice,
            halt=self.halt,
            clock=self.doors.clock,
        )

    def _by_sheet(self, choice: Choice) -> BySheet:
        assert self.doors.sheet is not None  # noqa: S101 - it is made for such scenarios
        return BySheet(
            sheet=self.doors.sheet,
            restic=self.doors.restic.program.path,
            secret_of=lambda reference: self.doors.secret_of_site(reference).get_secret_value(),
            stream=halting(self.doors.restic.stream, lambda: self.halt.asked),
            doors=LocalDoors(clock=self.doors.clock),
            choice=choice,
            folder=self._folder / "hand",
            halt=self.halt,
            clock=self.doors.clock,
        )

    def _before(self, recoveries: Sequence[Recovering], journal: Journal, came: Came) -> None:
        """See whether what is lost answers, then let people decide; both are phases of every system."""
        journal.tell("phase", phase=Phase.DETECT.value)
        lost = self.asked.plan.scenario.lost_places
        places = {each.planned.id: each.planned.plan.place for each in recoveries}
        hosts = [host for name, found in self.doors.hosts.items() if places.get(name) in lost for host in found]
        came.lost = lost_probes(self.doors.lost, hosts, self.doors.site.root)
        for probe in came.lost:
            journal.tell("lost", name=probe.name, verdict="silent" if probe.refused else "answers")
        for each in recoveries:
            each.phases.enter(Phase.DECIDE)
        journal.tell("phase", phase=Phase.DECIDE.value)
        self._waiting(journal)()

    def _recover(self, recoveries: Sequence[Recovering], stage: Stage, came: Came) -> None:
        """Recover all systems at once; nothing of it runs any more when this returns or raises."""
        with ThreadPoolExecutor(len(recoveries), "recovery") as pool:
            futures = [pool.submit(each.run) for each in recoveries]
            try:
                self._in_sandbox(futures, stage, came)
            except SecOpsError as error:
                self.failed = error
                if isinstance(error, SandboxLeaks):
                    came.isolation = isolation_record(error.isolation, limited=False)
                came.problems.append(problem_of(error))
                if not stage.sandbox.done():
                    stage.sandbox.set_exception(error)
            except BaseException:
                self.halt.ask()
                raise
        broken = [found for each in futures if (found := each.exception())]
        came.problems += [Problem(what=message("the drill itself failed"), why=repr(each)) for each in broken]

    def _in_sandbox(self, futures: Sequence[Future[None]], stage: Stage, came: Came) -> None:
        with open_sandbox(self._sandbox_asked(), run_program=self.doors.run_program) as sandbox:
            came.isolation = isolation_record(sandbox.isolation, limited=sandbox.limited)
            stage.journal.tell("isolated", verdict="holds")
            self._fetched_folder(stage.fetched)
            stage.sandbox.set_result(sandbox)
            try:
                self._watch(futures, sandbox, came)
                if sandbox.broken:
                    came.problems.append(problem_of(sandbox.broken))
            finally:
                # What still fetches must have ended before the folder is removed.
                self.halt.ask()
                sandbox.end()
                wait(futures)

    def _fetched_folder(self, folder: Path) -> None:
        make_folder(folder)
        folder.chmod(_PRIVATE)

    def _watch(self, futures: Sequence[Future[None]], sandbox: Sandbox, came: Came) -> None:
        """Return when all have ended, the scenario's time is over, or the sandbox was ended for lack of room."""
        minutes = self.asked.plan.scenario.deadline_minutes
        end_ms = self.doors.clock.monotonic_ms() + minutes * 60_000
        while wait(futures, _LOOK_SECONDS).not_done and sandbox.broken is None:
            if self.doors.clock.monotonic_ms() > end_ms:
                what = message("the drill was not done within its {minutes} minutes", minutes=minutes)
                came.problems.append(Problem(what=what, advice=message("raise deadline_minutes of the scenario")))
                return

    def _sandbox_asked(self) -> Asked:
        plan = self.asked.plan
        hosts = [host for found in self.doors.hosts.values() for host in found]
        kinds = sorted({service.kind for system in plan.systems for service in system.services})
        return Asked(
            folder=self._folder,
            targets=isolation_targets([*plan.repositories.values(), *self.doors.lost], hosts),
            absent=(self.doors.site.root,),
            readable=[path for kind in kinds for path in service_of(kind).readable() if path.exists()],
            deadline_seconds=plan.scenario.deadline_minutes * 60.0 + _MARGIN_SECONDS,
        )


_ORDER = tuple(Phase)


def _unlooked(_restic: Restic, _system: str) -> Judged:
    return Judged(verdict=Verdict.OK, what=message("done"))
