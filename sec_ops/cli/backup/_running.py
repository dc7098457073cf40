"""Rooms and doors of `backup run`, put together."""

import secrets
import socket
from collections.abc import Iterable, Sequence
from datetime import datetime

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.overview.measuring import free_bytes
from sec_ops.backup.proving.sealing import SealedManifest
from sec_ops.backup.record.attempts import AlreadyRunning
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Attempt, Size, Verb
from sec_ops.backup.remote.places import HostPlaces
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.doors import site_doors
from sec_ops.backup.restic.location import Kind
from sec_ops.backup.restic.opening import open_repository, placed
from sec_ops.backup.running.place import Places, local_places
from sec_ops.backup.running.run import Books, Ran, RunDoors, run_plan
from sec_ops.backup.running.sealing import sealed_run
from sec_ops.backup.running.telling import notice_of
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.cli.backup._hosts import backup_target_of
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._progress import BackupProgress
from sec_ops.cli.backup._ran import ran_document, ran_lines
from sec_ops.cli.backup._status import gathered, write_metrics
from sec_ops.cli.backup._tidying import tidied
from sec_ops.cli.backup._unlocking import clear_left
from sec_ops.cli.output import emit, note
from sec_ops.cli.schedule_run import open_outbox
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.told import people_were_told
from sec_ops.content.kinds import PLANS, REPOSITORIES
from sec_ops.content.model_faults import did_you_mean
from sec_ops.evidence.log import EvidenceLog
from sec_ops.identity.approvals import ContentApprovals, read_approvals
from sec_ops.identity.people import load_people
from sec_ops.model.backup_plan import BackupPlan, Repository, SourceSettings
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.protocols import SecretReader
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.run import Run, create_run
from sec_ops.runtime.secrets import Secret, Secrets
from sec_ops.runtime.site import Site
from sec_ops.transport.process import clean_environment, run_program

__all__ = ["chosen_plans", "require_approval", "run_plans", "tell"]


def chosen_plans(room: Room, names: Sequence[str]) -> list[BackupPlan]:
    """Return the plans of the systems named, or all whose first repository this controller writes.

    Raises UsageError for a system without a plan, and for one that is switched off.
    """
    plans = room.planned.plans
    for name in names:
        if name not in plans:
            advice = did_you_mean(name, plans) or message("see: sec-ops backup plans")
            raise UsageError(message("no plan is of the system {system}", system=name), advice=advice)
        if not plans[name].enabled:
            what = message("the plan of {system} is switched off", system=name)
            advice = message("remove enabled: false from backup/plans/{system}.yml", system=name)
            raise UsageError(what, advice=advice)
    if names:
        return [plans[name] for name in dict.fromkeys(names)]
    here = room.settings.place
    return [
        each
        for each in plans.values()
        if each.enabled and here in (None, room.planned.repositories[each.repository].place)
    ]


def run_plans(room: Room, plans: Sequence[BackupPlan]) -> Iterable[Outcome]:
    """Run plans, show what they came to, and tell people of what went wrong."""
    assert room.site is not None  # noqa: S101 - the example is never run
    with evidence_of(room.site) as log, open_record(room.site) as record:
        runner = _Runner(room, room.site, record, log)
        told = list(record.settle())
        try:
            ran = [runner.run(plan) for plan in plans]
        finally:
            # Also when the disk is full or somebody ends us: what went wrong until then is told now.
            runner.progress.clear()
            told += [found for run in runner.runs for found in record.of_run(run)]
            put = tell(room.site, record, told)
        _pass_on(ran, put)
        tidied(room, record)
        write_metrics(room, gathered(room, record))
    emit(
        "sec-ops/backup-run",
        {"systems": [ran_document(each) for each in ran]},
        outcomes={each.outcome for each in ran},
        text=lambda: "\n".join(line for each in ran for line in ran_lines(each)),
    )
    return {each.outcome for each in ran}


class _Runner:
    """Runs plans of a site."""

    def __init__(self, room: Room, site: Site, record: Record, log: EvidenceLog) -> None:
        self.progress = BackupProgress()
        self.runs: list[str] = []
        self._room = room
        self._site = site
        self._record = record
        self._log = log
        self._clock = SystemClock()
        self._restic: Restic | None = None

    def run(self, plan: BackupPlan) -> Ran:
        """Run one; one that is running already is told and left."""
        folder = create_run(self._site.runs, "backup", clock=self._clock, randomness=secrets.token_bytes)
        started = self._clock.now()

        def seal(ran: Ran, sealed: SealedManifest | None) -> int:
            return self._seal(ran, sealed, folder, started)

        books = Books(record=self._record, clock=self._clock, seal=seal)
        try:
            self.runs.append(folder.name)
            ran = run_plan(plan, folder.name, books, lambda: self._doors(plan, folder))
            if ran.manifest and self._restic and self._restic.repository.location.kind is not Kind.LOCAL:
                # A server is asked only once it has answered: one that is away would make us wait twice.
                self._measure(self._restic)
            return ran
        except AlreadyRunning as error:
            folder.folder.rmdir()
            judged = Judged(verdict=Verdict.LOCKED, what=error.what, advice=error.advice)
            return Ran(system=plan.id, run="", repository=plan.repository, judged=judged, outcome=Outcome.INCOMPLETE)

    def _measure(self, restic: Restic) -> None:
        """Keep how much is free where the repository lies."""
        now_ms, free = self._record.now_ms, free_bytes(restic)
        self._record.measured(Size(repository=restic.repository.id, at_ms=now_ms, bytes=None, free_bytes=free))

    def _doors(self, plan: BackupPlan, folder: Run) -> RunDoors:
        """Open everything; raises ContentInvalid with every fault, NotApproved, ProgramMissing."""
        require_approval(self._room, self._site)
        reader = Secrets(run_program=run_program)
        repository = self._room.planned.repositories[plan.repository]
        restic = Restic(
            repository=open_repository(repository, reader, folder=self._site.root), doors=site_doors(self._site)
        )
        clear_left(restic, self._record, self._log)
        self._restic = restic
        if restic.repository.location.kind is Kind.LOCAL:
            self._measure(restic)
        host = socket.gethostname()

        def secret_of(source: SourceSettings) -> Secret | None:
            return reader(placed(source.password, self._site.root)) if source.password else None

        return RunDoors(
            run_program=run_program,
            environment=clean_environment(),
            host=host,
            restic=restic,
            places=self._places(repository, restic, reader, host),
            signs=self._log,
            digests=make_folder(self._site.state / "backup-digests"),
            folder=folder.folder,
            secret_of=secret_of,
            hear=self.progress,
            options=() if self.progress.seen else _UNSEEN,
        )

    def _places(self, repository: Repository, restic: Restic, reader: SecretReader, host: str) -> Places:
        """Return the ways to this machine and to the inventory's hosts."""
        return HostPlaces(
            local=local_places(restic, LocalDoors(clock=self._clock), host),
            target_of=lambda name: backup_target_of(self._room, name),
            repository=repository,
            restic=restic,
            folder=self._site.root,
            read_secret=reader,
            clock=self._clock,
        )

    def _seal(self, ran: Ran, sealed: SealedManifest | None, folder: Run, started: datetime) -> int:
        """Seal the run's folder and its entry."""
        folder.write("result.json", ran_document(ran))
        folder.seal()
        return self._log.append(
            "backup.run/1",
            sealed_run(ran, started),
            blob=sealed.head if sealed else None,
            media_type="application/json",
            system=ran.system,
        )


_UNSEEN = ("--no-scan",)
"""Restic counts all files first to tell how far it is: nobody looks."""


def _pass_on(ran: Sequence[Ran], put: int) -> None:
    """Tell a schedule when people know what it would tell them: each run that failed is in the record they hear of."""
    failed = [each for each in ran if not each.judged.good]
    if (failed and all(each.run for each in failed)) or (not failed and put):
        people_were_told()


def tell(site: Site, record: Record, attempts: Sequence[Attempt]) -> int:
    """Put notices of attempts into the outbox and try to deliver; what can't be delivered now waits there.

    Return how many there were to tell.
    """
    outbox = open_outbox(site)
    runs = (each for each in attempts if each.verb is Verb.RUN)
    notices = [found for each in runs if (found := notice_of(each, record.before(each), record.now_ms))]
    for notice in notices:
        outbox.put(notice)
    for failure in outbox.deliver().failures:
        note(message("{notifier} could not deliver: {reason}", notifier=failure.notifier, reason=failure.error.what))
    return len(notices)


def require_approval(room: Room, site: Site) -> None:
    """Refuse content that executes and that nobody approved; raises NotApproved."""
    kept, people = read_approvals(site.approvals), load_people(room.library)
    check = ContentApprovals(approvals=kept, people=people, run_program=run_program)
    room.library.require_approval(check, PLANS, REPOSITORIES)
