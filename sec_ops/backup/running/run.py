"""A run of one plan, from the recorded beginning to the recorded verdict."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from sec_ops.backup.naming import MANIFEST, Named, tags_of
from sec_ops.backup.proving.sealing import ProvedSource, SealedManifest, Sealing, Signs, sealed_manifest
from sec_ops.backup.proving.waiting import Waiting, waiting_manifest
from sec_ops.backup.record.arriving import counts_of
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival, Counts, Doing, Ending, Verb
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Event
from sec_ops.backup.restic.results import BackupResult, parsed_time
from sec_ops.backup.running.hooks import When, run_hooks
from sec_ops.backup.running.knowing import Knowing
from sec_ops.backup.running.place import Places
from sec_ops.backup.running.saved import (
    SavedPart,
    SavedSource,
    counted,
    counts,
    judged_of_source,
    refusals,
    result_of,
)
from sec_ops.backup.running.saving import Saving, save_set
from sec_ops.backup.running.sets import consistent_sets
from sec_ops.backup.running.verdicts import COUNTS, judged_of, no_manifest, too_late, worst
from sec_ops.backup.source import Facts
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.backup_plan import BackupPlan, SourceSettings
from sec_ops.model.errors import SecOpsError
from sec_ops.model.outcome import Outcome
from sec_ops.model.protocols import Clock, RunProgram
from sec_ops.runtime.secrets import Secret

__all__ = ["Books", "Ran", "RunDoors", "run_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDoors:
    """What a run needs of the world. `host` is this machine, `restic` its way into the plan's repository.

    `digests` is a folder for digests of files, which may be lost, `folder` the run's own. `hear` is told what restic
    tells, part by part. `options` are restic's own for each backup.
    """

    run_program: RunProgram
    environment: Mapping[str, str]
    host: str
    restic: Restic
    places: Places
    signs: Signs
    digests: Path
    folder: Path
    secret_of: Callable[[SourceSettings], Secret | None]
    hear: Callable[[str, Event], None]
    options: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run came to: the verdict of the system and of each source, the hooks that failed, what was saved.

    `outcome` is what a command ends with, which for content that is not valid is more than the verdict says.
    """

    system: str
    run: str
    repository: str
    judged: Judged
    outcome: Outcome
    sources: Sequence[SavedSource] = ()
    hooks: Sequence[Judged] = ()
    manifest: str = ""
    counts: Counts = field(default_factory=Counts)
    elapsed_ms: int = 0

    @property
    def snapshots(self) -> int:
        """Return how many snapshots of data there are that count."""
        return sum(len(each.parts) for each in self.sources if each.judged.verdict in COUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Where a run is written down. `seal` makes the evidence entry of a run and returns its number."""

    record: Record
    clock: Clock
    seal: Callable[[Ran, SealedManifest | None], int]


def run_plan(plan: BackupPlan, run: str, books: Books, open_doors: Callable[[], RunDoors]) -> Ran:
    """Run a plan under the name of a run; raises AlreadyRunning, StorageError, EvidenceBroken.

    All else that goes wrong is the verdict, also when the doors don't open. The record has the beginning before
    anything starts, and the evidence is sealed before the record has the end.
    """
    doing = Doing(verb=Verb.RUN, system=plan.id, repository=plan.repository, run=run)
    with books.record.attempting(doing) as attempting:
        started = books.clock.monotonic_ms()
        under_way: _Run | None = None
        sealed: SealedManifest | None = None
        try:
            doors = open_doors()
        except SecOpsError as error:
            ran = _unopened(plan, run, error)
        else:
            under_way = _Run(plan, run, books, doors)
            ran, sealed = under_way.go()
        ran = replace(ran, elapsed_ms=books.clock.monotonic_ms() - started)
        attempting.end(
            Ending(
                judged=ran.judged,
                snapshots=ran.snapshots,
                counts=ran.counts,
                sources=[result_of(each) for each in ran.sources],
                evidence=books.seal(ran, sealed),
            )
        )
        if under_way and not ran.judged.good:
            under_way.hooks("failed", ran.judged)
    return ran


class _Run:
    """A run under way."""

    def __init__(self, plan: BackupPlan, run: str, books: Books, doors: RunDoors) -> None:
        self._plan = plan
        self._run = run
        self._doors = doors
        self._record, self._clock = books.record, books.clock
        self._until_ms = self._clock.monotonic_ms() + plan.deadline_minutes * 60_000
        self._saving = Saving(
            system=plan.id,
            run=run,
            restic=doors.restic,
            digests=doors.digests,
            places=doors.places,
            secret_of=doors.secret_of,
            last_good=Knowing(books.record, plan.id, plan.repository).last_good,
            arrived=self._arrived,
            seconds_left=self._seconds_left,
            hear=doors.hear,
            options=doors.options,
        )

    def go(self) -> tuple[Ran, SealedManifest | None]:
        """Run hooks, save the sets, then the manifest; return what it came to."""
        hooks: list[Judged] = []
        result, sealed = None, None
        with ExitStack() as stack:
            try:
                hooks += self.hooks("before")
                waiting = stack.enter_context(self._waiting())
                sources = self._sources() if not hooks else ()
            finally:
                # Whatever a `before` closed must be open again, also when we were told to end while it ran.
                hooks += self.hooks("after")
            judged = worst([*hooks, *(judged_of_source(each) for each in sources)])
            if any(map(counts, sources)):
                result, sealed = self._manifest(judged, sources, waiting)
        if result is not None:
            judged = worst((judged, result.judged))
        ran = Ran(
            system=self._plan.id,
            run=self._run,
            repository=self._plan.repository,
            judged=judged,
            outcome=judged.outcome,
            sources=sources,
            hooks=hooks,
            manifest=result.summary.snapshot_id if sealed and result and result.summary else "",
            counts=counted(sources),
        )
        return ran, sealed

    def hooks(self, when: When, judged: Judged | None = None) -> tuple[Judged, ...]:
        """Run the plan's hooks of a moment; they learn system, run and verdict from their environment."""
        more = {"SEC_OPS_SYSTEM": self._plan.id, "SEC_OPS_RUN": self._run}
        if judged is not None:
            more["SEC_OPS_VERDICT"] = judged.verdict.value
        return run_hooks(
            self._plan.hooks,
            when,
            run_program=self._doors.run_program,
            environment={**self._doors.environment, **more},
        )

    def _sources(self) -> tuple[SavedSource, ...]:
        """Save set by set; what the repository refuses one it would refuse the next, which is then not tried."""
        saved: dict[str, SavedSource] = {}
        hopeless: Judged | None = None
        for members in consistent_sets(self._plan.sources):
            if hopeless is None and self._seconds_left() <= 0:
                hopeless = too_late(self._plan)
            if hopeless is not None:
                saved |= {each.id: SavedSource(source=each, host="", judged=hopeless) for each in members}
                continue
            done = save_set(members, self._saving)
            self._keep_moments(done)
            saved |= {each.source.id: each for each in done}
            hopeless = next((part for each in done for part in refusals(each)), None)
        return tuple(saved[each.id] for each in self._plan.sources)

    def _waiting(self) -> AbstractContextManager[Waiting]:
        """Have the manifest's backup wait for it, as it will be when all goes well."""
        name = Named(system=self._plan.id, run=self._run, part=MANIFEST, verdict=Verdict.OK.value)
        return waiting_manifest(
            self._doors.restic, host=self._doors.host, tags=tags_of(name), folder=self._doors.folder
        )

    def _manifest(
        self, judged: Judged, sources: Sequence[SavedSource], waiting: Waiting
    ) -> tuple[BackupResult, SealedManifest | None]:
        """Save the manifest as the run's last snapshot; without it nothing of the run counts."""
        name = Named(system=self._plan.id, run=self._run, part=MANIFEST, verdict=judged.verdict.value)
        sealing = Sealing(
            system=self._plan.id,
            run=self._run,
            verdict=judged.verdict,
            host=self._doors.host,
            tags=tags_of(name),
            made_at=self._clock.now(),
            folder=self._doors.folder,
        )
        proved = [
            ProvedSource(source=each.source, facts=each.facts, parts=[part.proved for part in each.parts])
            for each in sources
            if counts(each)
        ]
        try:
            sealed = sealed_manifest(
                sealing, proved, restic=self._doors.restic, signs=self._doors.signs, waiting=waiting
            )
        except SecOpsError as error:
            return BackupResult(judged=no_manifest(judged_of(error))), None
        if not sealed.result.judged.good:
            return replace(sealed.result, judged=no_manifest(sealed.result.judged)), None
        self._keep(name, self._doors.host, sealed.result)
        return sealed.result, sealed

    def _keep_moments(self, saved: Sequence[SavedSource]) -> None:
        """Keep the moments the data stands for, which are known only after it was saved."""
        for each in saved:
            for part in each.parts if each.facts else ():
                name = Named(system=self._plan.id, run=self._run, source=each.source.id, part=part.part.name)
                self._keep(name, each.host, part.result, each.facts)

    def _arrived(self, source: SourceSettings, host: str, saved: SavedPart) -> None:
        """Keep that a snapshot is there, whether it will count or not."""
        name = Named(system=self._plan.id, run=self._run, source=source.id, part=saved.part.name)
        self._keep(name, host, saved.result)

    def _keep(self, name: Named, host: str, result: BackupResult, facts: Facts | None = None) -> None:
        summary = result.summary
        if summary is None or not summary.snapshot_id:
            return
        now = self._record.now_ms
        arrival = Arrival(
            repository=self._plan.repository,
            snapshot=summary.snapshot_id,
            host=host,
            claimed_ms=milliseconds(parsed_time(summary.started)) if summary.started else now,
            first_seen_ms=now,
            run=name.run,
            system=name.system,
            source=name.source,
            part=name.part,
            verdict=name.verdict,
            taken_at_ms=milliseconds(facts.taken_at) if facts and facts.taken_at else None,
            heartbeat_ms=milliseconds(facts.heartbeat) if facts and facts.heartbeat else None,
            counts=counts_of(summary),
        )
        self._record.arrive([arrival])

    def _seconds_left(self) -> float:
        return max((self._until_ms - self._clock.monotonic_ms()) / 1000, 0.0)


def _unopened(plan: BackupPlan, run: str, error: SecOpsError) -> Ran:
    """Return the run that never got to its data: all of its sources are as good as lost."""
    judged = judged_of(error)
    sources = tuple(SavedSource(source=each, host="", judged=judged) for each in plan.sources)
    return Ran(
        system=plan.id, run=run, repository=plan.repository, judged=judged, outcome=error.outcome, sources=sources
    )
