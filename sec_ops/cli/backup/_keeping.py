"""What commands share that copy, drop and hold: repositories opened once, the gate, people told, verdicts of errors."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sec_ops.backup.copying.telling import hold_notice, went_wrong
from sec_ops.backup.record.attempts import AlreadyRunning
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.remembering import holds_in
from sec_ops.backup.record.values import Hold, Verb
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.doors import site_doors
from sec_ops.backup.restic.opening import open_repository
from sec_ops.backup.retaining.gate import Gate
from sec_ops.backup.retaining.sealing import sealed_hold
from sec_ops.backup.retaining.signs import Raised
from sec_ops.backup.running.verdicts import judged_of
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._unlocking import clear_left
from sec_ops.cli.output import note
from sec_ops.cli.schedule_run import open_outbox
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.model_faults import did_you_mean
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.errors import SecOpsError, UsageError
from sec_ops.model.evidence import Entry
from sec_ops.model.evidence_backup_copies import BackupHold
from sec_ops.model.messages import message
from sec_ops.model.notice import Notice
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site
from sec_ops.transport.process import run_program

__all__ = ["Keeper", "keeping", "named_plans", "take_holds", "tried"]

_LOCK_WAIT_SECONDS = 60
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A site's repositories, record and evidence, for one command."""

    room: Room
    site: Site
    record: Record
    log: EvidenceLog
    _opened: dict[str, Restic] = field(default_factory=dict)

    def restic(self, repository: str) -> Restic:
        """Return a repository, opened once; raises ContentInvalid, ProgramMissing."""
        if repository not in self._opened:
            known = self.room.planned.repositories[repository]
            opened = open_repository(known, Secrets(run_program=run_program), folder=self.site.root)
            restic = Restic(repository=opened, doors=site_doors(self.site), lock_wait_seconds=_LOCK_WAIT_SECONDS)
            clear_left(restic, self.record, self.log)
            self._opened[repository] = restic
        return self._opened[repository]

    def gate(self, repository: str) -> Gate:
        """Return the gate before a repository; holds are sealed and people told of them."""
        return Gate(restic=self.restic(repository), record=self.record, chance=secrets.SystemRandom(), seal=self._hold)

    def tell(self, notices: Iterable[Notice | None]) -> None:
        """Put notices into the outbox and try to deliver; what can't be delivered now waits there."""
        outbox = open_outbox(self.site)
        for notice in notices:
            if notice:
                outbox.put(notice)
        for failure in outbox.deliver().failures:
            note(
                message("{notifier} could not deliver: {reason}", notifier=failure.notifier, reason=failure.error.what)
            )

    def tell_holds(self, holds: Sequence[Hold]) -> None:
        """Tell people of what is held now."""
        self.tell(map(hold_notice, holds))

    def tell_latest(self, verb: Verb, system: str, repository: str) -> None:
        """Tell people when the newest attempt went wrong, and they don't know yet."""
        attempt = self.record.latest(verb, system, repository)
        if attempt:
            self.tell([went_wrong(attempt, self.record.before(attempt), self.record.now_ms)])

    def _hold(self, hold: Hold, signs: Sequence[Raised]) -> None:
        self.log.append("backup.hold/1", sealed_hold(hold, signs), system=hold.system)


@contextmanager
def keeping(room: Room) -> Iterator[Keeper]:
    """Open record and evidence for what may drop or copy; a hold that only the evidence knows of holds too."""
    assert room.site is not None  # noqa: S101 - the example keeps nothing
    with evidence_of(room.site) as log, open_record(room.site) as record:
        record.settle()
        take_holds(record, log.entries(record.holds_told + 1))
        yield Keeper(room=room, site=room.site, record=record, log=log)


def take_holds(record: Record, entries: Iterable[Entry]) -> None:
    """Take up what entries tell of holds, and say when the record had lost one."""
    told = record.holds_told
    found: list[Entry] = []
    for each in entries:
        told = max(told, each.seq)
        if each.kind == BackupHold.kind:
            found.append(each)
    count = record.take_holds(holds_in(found), told=told)
    if count:
        note(message("{count} holds are known again from the evidence", count=count))


def named_plans(room: Room, names: Sequence[str]) -> list[BackupPlan]:
    """Return the enabled plans of the systems named, or all; raises UsageError for a system without one."""
    plans = room.planned.plans
    for name in names:
        if name not in plans:
            advice = did_you_mean(name, plans) or message("see: sec-ops backup plans")
            raise UsageError(message("no plan is of the system {system}", system=name), advice=advice)
    return [each for each in plans.values() if each.enabled and (not names or each.id in names)]


def tried(work: Callable[[], _Done], failed: Callable[[Judged], _Done]) -> tuple[_Done, Outcome | None]:
    """Return what work came to, or what failing comes to with the outcome of the error; evidence errors go through."""
    try:
        return work(), None
    except AlreadyRunning as error:
        judged = Judged(verdict=Verdict.LOCKED, what=error.what, advice=error.advice)
        return failed(judged), Outcome.INCOMPLETE
    except SecOpsError as error:
        if error.outcome in (Outcome.EVIDENCE_BROKEN, Outcome.USAGE):
            raise
        return failed(judged_of(error)), error.outcome
