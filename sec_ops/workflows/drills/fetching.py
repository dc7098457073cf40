"""Fetching for a drill: outside of the sandbox, from the first repository that gives all, proved by the manifest."""

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.backup.proving.manifest import Manifest
from sec_ops.backup.running.verdicts import judged_of
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.halting import Halt
from sec_ops.drill.running.values import Chosen, Fetched
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_record import FetchRecord, Problem
from sec_ops.model.drill_scenario import Fault
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.workflows.drills.injecting import Injection
from sec_ops.workflows.drills.offering import Got, Offer, Offering, problem_of_judged

__all__ = ["Fetching"]

_DAMAGED = Verdict.DAMAGED.value


@dataclass(slots=True, kw_only=True)
class Fetching:
    """Brings a system's data from its repositories, one after the other until one gives all of it.

    `manifest` is that of what was restored in the end.
    """

    planned: PlannedSystem
    repositories: Mapping[str, Repository]
    offering: Offering
    injection: Injection
    halt: Halt
    clock: Clock
    attempts: list[FetchRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    manifest: Manifest | None = None
    _left: list[str] | None = None
    _next: tuple[str, Offer] | None = None

    def select(self) -> None:
        """Choose from the next repository that has something to choose; what the others lack is kept as attempts."""
        self._next = None
        self._left = list(self.injection.order(self.planned.repositories)) if self._left is None else self._left
        while self._left and self._next is None:
            self.halt.check()
            name, begun = self._left.pop(0), self.clock.monotonic_ms()
            offer = self._offered(self.repositories[name])
            if isinstance(offer, Judged):
                self.halt.check()
                self._kept(name, begun, Got(judged=offer))
            else:
                self._next = name, offer

    def fetch(self, folder: Path) -> Fetched:
        """Fetch what was chosen into `folder`, and prove it; from the next repository when that fails."""
        small = Fault.DISK_NEARLY_FULL in self.injection.faults
        while self._next is not None:
            name, offer = self._next
            got = self._tried(name, offer, folder, self.injection.room(folder) if small else nullcontext())
            if got.judged.good and not small:
                return self._fetched(name, offer, got)
            self.halt.check()
            shutil.rmtree(folder, ignore_errors=True)
            if not (small and got.judged.verdict in (Verdict.FULL, Verdict.OK)):
                self.select()
            small = False
        what = message("no repository gave the data of {system}", system=self.planned.id)
        tried = ", ".join(dict.fromkeys(each.repository for each in self.attempts))
        why = "\n".join((tried, *self.planned.paths))
        self.problems.append(Problem(what=what, why=why, advice=message("see below what each of them said")))
        return Fetched(proved=False, attempts=self.attempts, problems=self.problems)

    def _offered(self, repository: Repository) -> Offer | Judged:
        try:
            return self.offering(self.planned, repository)
        except SecOpsError as error:
            return judged_of(error)

    def _tried(self, name: str, offer: Offer, folder: Path, room: AbstractContextManager[None]) -> Got:
        """Return what one repository gives into a folder; `room` bounds it, where that is rehearsed."""
        begun = self.clock.monotonic_ms()
        try:
            with room:
                got = offer.take(folder)
        except SecOpsError as error:
            got = Got(judged=judged_of(error))
        self._kept(name, begun, got)
        return got

    def _kept(self, name: str, begun_ms: int, got: Got) -> None:
        self.attempts.append(
            FetchRecord(
                repository=name,
                place=self.repositories[name].place,
                verdict=got.judged.verdict.value,
                bytes=sum(each.bytes for each in got.sources),
                elapsed_ms=self.clock.monotonic_ms() - begun_ms,
                problem=None if got.judged.good else problem_of_judged(got.judged),
            )
        )

    def _fetched(self, name: str, offer: Offer, got: Got) -> Fetched:
        self.manifest = got.manifest
        broken = [*_missing_tables(self.planned, got.manifest), *_left_out(offer), *self._unnoticed()]
        self.problems += [*offer.told, *broken]
        place, far = self.repositories[name].place, name in self.planned.far
        return Fetched(
            proved=not broken,
            chosen=Chosen(run=offer.run, repository=name, place=place, far=far),
            trusted=got.trusted,
            attempts=self.attempts,
            sources=got.sources,
            roots=got.roots,
            problems=self.problems,
        )

    def _unnoticed(self) -> list[Problem]:
        """Return the problem when a pack was damaged and nothing told of it."""
        if Fault.DAMAGED_PACK not in self.injection.faults or any(each.verdict == _DAMAGED for each in self.attempts):
            return []
        return [Problem(what=message("a pack was damaged for the drill, and nothing told of it"))]


def _left_out(offer: Offer) -> list[Problem]:
    if not offer.partial:
        return []
    what = message("run {run} left something out when it was saved, which nothing brings back", run=offer.run)
    return [Problem(what=what, advice=message("see what: sec-ops backup status; mend it, and run the plan again"))]


def _missing_tables(planned: PlannedSystem, manifest: Manifest | None) -> list[Problem]:
    """Return each table that was to come back and that no source of the run counted."""
    counted = {table.name for source in manifest.sources for table in source.tables} if manifest else set()
    example = min(counted, default="public.students")
    return [
        Problem(
            what=message("{table}: the manifest tells of no such table", table=name),
            advice=message("name it as the backup counts it, such as {example}", example=example),
        )
        for name in planned.tables
        if name not in counted
    ]
