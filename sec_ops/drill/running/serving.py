"""The services of one system: made, loaded and started in their order, each with its record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from sec_ops.drill.running.places import filled, told_of
from sec_ops.drill.running.stage import Stage
from sec_ops.drill.running.values import Restoring, Unpacked
from sec_ops.drill.sandbox.doors import SandboxDoors
from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.drill.service import Place, Service, Standing
from sec_ops.drill.services import service_of
from sec_ops.model.drill_record import Problem, ServiceRecord
from sec_ops.model.drill_scenario import RecoveryService
from sec_ops.model.errors import ProgramFailed, ProgramMissing, SecOpsError
from sec_ops.model.messages import message
from sec_ops.model.values import Value

__all__ = ["Serving", "Stands", "problem_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """A service that was made: what it is in the recovery, where it is, how it is reached."""

    service: RecoveryService
    place: Place
    standing: Standing

    def into(self, source: str) -> str:
        """Return what a source was loaded into."""
        return self.standing.into or self.service.loads[source]


@dataclass(slots=True, kw_only=True)
class Serving:
    """Brings up the services of a system. What failed is in `records`, what data did not go in, in `refused`."""

    system: str
    stage: Stage
    sandbox: Sandbox
    restoring: Restoring
    doors: SandboxDoors
    unpacked: Unpacked
    standing: dict[str, Stands] = field(default_factory=dict)
    records: list[ServiceRecord] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)
    refused: dict[str, Problem] = field(default_factory=dict)

    def bring_up(self, services: Sequence[RecoveryService]) -> bool:
        """Start all that can be; return whether all did. What needs one that did not start is not run."""
        for each in services:
            missing = [name for name in each.needs if name not in self.standing]
            record = self._left_out(each, missing[0]) if missing else self._brought_up(each)
            self.records.append(record)
            self.stage.journal.tell("service", system=self.system, name=each.id, verdict=record.verdict)
        return all(each.verdict == "passed" for each in self.records)

    def known(self) -> dict[str, str]:
        """Return the places of all services so far, those of this system by their short names too."""
        prefix, known = f"{self.system}.", dict(self.stage.known)
        own = {name.removeprefix(prefix): value for name, value in known.items() if name.startswith(prefix)}
        return known | own

    def _brought_up(self, service: RecoveryService) -> ServiceRecord:
        begun = self.stage.clock.monotonic_ms()
        problem = None
        try:
            self.stage.halt.check()
            self._started(service)
        except SecOpsError as error:
            self.standing.pop(service.id, None)
            problem = problem_of(error)
        return ServiceRecord(
            service=service.id,
            kind=service.kind,
            verdict="failed" if problem else "passed",
            elapsed_ms=self.stage.clock.monotonic_ms() - begun,
            problem=problem,
        )

    def _started(self, service: RecoveryService) -> None:
        """Make it, load what it is given, start it; raises SecOpsError."""
        kind = service_of(service.kind)
        for lacking in kind.lacking():
            what = message("{program} is not installed", program=lacking.program)
            advice = message("install it: apt-get install {package}", package=lacking.package)
            raise ProgramMissing(what, advice=advice)
        place = self._place(service, kind)
        standing = kind.provision(place)
        self._known(service.id, told_of(place, standing))
        if kind.loads == "running":
            kind.start(place)
        self.standing[service.id] = Stands(service=service, place=place, standing=standing)
        self._load(self.standing[service.id])
        if kind.loads == "stopped":
            kind.start(place)

    def _place(self, service: RecoveryService, kind: Service) -> Place:
        name = f"{self.system}.{service.id}"
        folder = self.sandbox.work / name
        self.sandbox.make_folder(folder)
        return Place(
            name=name,
            sandbox=self.sandbox,
            folder=folder,
            port=next(self.stage.ports),
            settings=self._settings(service, kind),
            clock=self.stage.clock,
            sleep=self.stage.halt.sleep,
            restored=self.unpacked.restored,
            logs=self.unpacked.logs,
            seconds=float(service.deadline_seconds),
        )

    def _settings(self, service: RecoveryService, kind: Service) -> Value:
        settings = filled(service.settings, self.known())
        if kind.settings.model_fields.keys() >= {"base", "until"} and settings.get("base") and self.stage.until:
            settings = {**settings, "until": self.stage.until}
        try:
            return kind.settings.model_validate(settings)
        except ValidationError as error:
            what = message("the settings of {service} don't fit", service=service.id)
            raise ProgramFailed(what, why=str(error)[:500]) from error

    def _known(self, service: str, told: Mapping[str, str]) -> None:
        self.stage.known.update({f"{self.system}.{service}.{name}": value for name, value in told.items()})

    def _load(self, stands: Stands) -> None:
        """Load its dumps; raises ProgramFailed when one did not go in."""
        for source in stands.service.loads:
            self.stage.halt.check()
            root = self.unpacked.restored.get(source)
            problem = _absent(source) if root is None else self._loaded(source, root, stands)
            if problem:
                self.refused[source] = problem
                raise ProgramFailed(problem.what, where=problem.where, why=problem.why, advice=problem.advice)
            self.loaded.add(source)
            self.stage.journal.tell("loaded", system=self.system, name=source, verdict="ok")

    def _loaded(self, source: str, root: Path, stands: Stands) -> Problem | None:
        try:
            return self.restoring.load(source, root, stands.standing, stands.into(source), self.doors)
        except SecOpsError as error:
            return problem_of(error)

    def _left_out(self, service: RecoveryService, missing: str) -> ServiceRecord:
        problem = Problem(what=message("it needs {service}, which does not run", service=missing))
        return ServiceRecord(service=service.id, kind=service.kind, verdict="not_run", problem=problem)


def problem_of(error: SecOpsError) -> Problem:
    """Return an error as a problem of the record."""
    return Problem(what=error.told, where=error.where, why=error.why[:4000], advice=error.advice)


def _absent(source: str) -> Problem:
    return Problem(what=message("{source} is not among what was fetched", source=source))
