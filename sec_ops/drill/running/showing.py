"""What shows that a system is back: loaded sources counted beside their manifests, then its application checks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sec_ops.drill.check import Answering, CheckPlace
from sec_ops.drill.checking import checked
from sec_ops.drill.running.places import filled
from sec_ops.drill.running.serving import Serving, Stands, problem_of
from sec_ops.drill.running.values import Counted
from sec_ops.model.drill_record import CheckRecord, Problem
from sec_ops.model.drill_scenario import RecoveryCheck
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message

__all__ = ["Showing"]


@dataclass(slots=True, kw_only=True)
class Showing:
    """Counts and checks a system whose services stand; `counted` is by source."""

    serving: Serving
    counted: dict[str, Counted] = field(default_factory=dict)
    checks: list[CheckRecord] = field(default_factory=list)

    def count(self) -> bool:
        """Count all that was loaded, and ask servers that base backups became; return whether all is as saved."""
        for stands in self.serving.standing.values():
            for source in stands.service.loads:
                self._count(source, stands)
            base = stands.service.settings.get("base")
            if isinstance(base, str) and base:
                self._count(base, stands)
        return not any(each.problems for each in self.counted.values())

    def check(self, checks: Sequence[RecoveryCheck]) -> bool:
        """Check; return whether all holds. One whose service does not run is not run."""
        for each in checks:
            self.serving.stage.halt.check()
            record = self._checked(each)
            self.checks.append(record)
            self.serving.stage.journal.tell("check", system=self.serving.system, name=each.id, verdict=record.verdict)
        return all(each.verdict == "passed" for each in self.checks)

    def _count(self, source: str, stands: Stands) -> None:
        self.serving.stage.halt.check()
        restoring, doors = self.serving.restoring, self.serving.doors
        try:
            if source in stands.service.loads:
                counted = restoring.count(source, stands.standing, stands.into(source), doors)
            else:
                counted = restoring.last_heartbeat(source, stands.standing, doors)
        except SecOpsError as error:
            counted = Counted(problems=(problem_of(error),))
        self.counted[source] = counted
        verdict = "failed" if counted.problems else "ok"
        self.serving.stage.journal.tell("counted", system=self.serving.system, name=source, verdict=verdict)

    def _checked(self, check: RecoveryCheck) -> CheckRecord:
        stands = self.serving.standing
        if check.service and check.service not in stands:
            return _not_run(
                check, Problem(what=message("it asks {service}, which does not run", service=check.service))
            )
        place = CheckPlace(
            sandbox=self.serving.sandbox,
            clock=self.serving.stage.clock,
            read_secret=self.serving.stage.read_secret,
            service=_answering(stands[check.service]) if check.service else None,
            services={name: _answering(each) for name, each in stands.items()},
            restored=self.serving.unpacked.restored,
        )
        settings = filled(check.settings, self.serving.known())
        return checked(check.model_copy(update={"settings": settings}), place)


def _answering(stands: Stands) -> Answering:
    return Answering(kind=stands.service.kind, port=stands.place.port, standing=stands.standing)


def _not_run(check: RecoveryCheck, problem: Problem) -> CheckRecord:
    return CheckRecord(
        check=check.id, title=check.title, kind=check.kind, verdict="not_run", expected="", found="", problem=problem
    )
