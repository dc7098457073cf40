"""What evidence tells a lost record beside runs: other attempts, and holds, so that none is lifted by a lost file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.values import Attempt, Ending, Hold, State, Verb
from sec_ops.backup.running.verdicts import GRAVITY
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.evidence import Entry
from sec_ops.model.evidence_backup_copies import BackupCopy, BackupForget, BackupHold
from sec_ops.model.evidence_backup_guard import BackupProbe
from sec_ops.model.evidence_backup_proof import BackupRestore, BackupVerify
from sec_ops.model.messages import message

__all__ = ["holds_in", "others_in"]


def others_in(entries: Iterable[Entry]) -> Iterator[Attempt]:
    """Return the attempts that are no runs, oldest first; a prune and what was cut short left no evidence."""
    for entry in entries:
        if entry.kind in _READ:
            yield from _READ[entry.kind](entry)


def holds_in(entries: Iterable[Entry]) -> tuple[Hold, ...]:
    """Return the holds with what became of them, oldest first."""
    holds: list[Hold] = []
    for entry in entries:
        if entry.kind != BackupHold.kind:
            continue
        told = BackupHold.model_validate(dict(entry.data))
        if told.change == "held":
            holds.append(_hold(entry, told))
            continue
        for place, each in enumerate(holds):
            if each.lifted_ms is None and (each.system, each.repository, each.run) == _of(told):
                lifted = {"lifted_ms": _ms(entry), "lifted_by": told.person, "lifted_why": told.reason}
                holds[place] = replace(each, **lifted)  # type: ignore[arg-type]
                break
    return tuple(holds)


def _hold(entry: Entry, told: BackupHold) -> Hold:
    reason = message("evidence entry {number}: {what}", number=entry.seq, what=told.reason)
    return Hold(
        system=told.system,
        repository=told.repository,
        run=told.run,
        reason=reason,
        signs=tuple(message("{part}: {why}", part=each.part, why=each.numbers) for each in told.signs),
        since_ms=_ms(entry),
    )


def _of(told: BackupHold) -> tuple[str, str, str]:
    return told.system, told.repository, told.run


def _copied(entry: Entry) -> Iterator[Attempt]:
    told = BackupCopy.model_validate(dict(entry.data))
    snapshots = len(told.copied) + told.there
    yield _attempt(entry, Verb.COPY, told.system, told.target, told.verdict, snapshots=snapshots)


def _verified(entry: Entry) -> Iterator[Attempt]:
    """Return an attempt for each system, as good as the structure and the worst of its points."""
    told = BackupVerify.model_validate(dict(entry.data))
    systems = {each.system: each.run for each in reversed(told.points)}
    for system, run in (systems or {"": ""}).items():
        verdicts = [told.structure, *(each.verdict for each in told.points if each.system == system)]
        verdict = max(verdicts, key=lambda each: GRAVITY.index(Verdict(each))) if system else told.verdict
        yield _attempt(entry, Verb.VERIFY, system, told.repository, verdict, run=run)


def _restored(entry: Entry) -> Iterator[Attempt]:
    told = BackupRestore.model_validate(dict(entry.data))
    attempt = _attempt(entry, Verb.RESTORE, told.system, told.repository, told.verdict, run=told.run)
    yield replace(attempt, started_ms=attempt.started_ms - told.elapsed_ms)


def _forgot(entry: Entry) -> Iterator[Attempt]:
    told = BackupForget.model_validate(dict(entry.data))
    verdict = Verdict.REFUSED.value if told.held and told.verdict == Verdict.OK.value else told.verdict
    gone = sum(each.gone for each in told.dropped)
    yield _attempt(entry, Verb.FORGET, told.system, told.repository, verdict, snapshots=gone)


def _probed(entry: Entry) -> Iterator[Attempt]:
    told = BackupProbe.model_validate(dict(entry.data))
    verdict = Verdict.OK if told.immutable else Verdict.FAILED
    yield _attempt(entry, Verb.PROBE, "", told.repository, verdict.value)


def _attempt(
    entry: Entry, verb: Verb, system: str, repository: str, verdict: str, *, run: str = "", snapshots: int = 0
) -> Attempt:
    judged = Judged(verdict=Verdict(verdict), what=message("told by the evidence entry {number}", number=entry.seq))
    return Attempt(
        id=0,
        verb=verb,
        system=system,
        repository=repository,
        run=run,
        holder="",
        started_ms=_ms(entry),
        ended_ms=_ms(entry),
        state=State.ENDED,
        ending=Ending(judged=judged, snapshots=snapshots, evidence=entry.seq),
    )


def _ms(entry: Entry) -> int:
    return milliseconds(datetime.fromisoformat(entry.t).astimezone(UTC))


_READ: Mapping[str, Callable[[Entry], Iterator[Attempt]]] = {
    BackupCopy.kind: _copied,
    BackupVerify.kind: _verified,
    BackupRestore.kind: _restored,
    BackupForget.kind: _forgot,
    BackupProbe.kind: _probed,
}
