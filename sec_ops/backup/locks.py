"""Locks 锁 of repositories: who holds them, whether that process still lives, and removal once it is proved dead."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.results import LockSeen
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import Message, message

__all__ = ["Cleared", "Here", "Owner", "Standing", "Word", "clear_locks", "standing_of", "standings"]

RESTIC_LIMIT = timedelta(minutes=30)
"""Age at which restic's own `unlock` removes a lock of another host, dead or not."""

_CLOCK_STEP = timedelta(seconds=90)


class Owner(StrEnum):
    """What is known of a lock's owner."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Our own machine: its name, and when a process of it began (aware UTC), None when there is none."""

    host: str
    began: Callable[[int], datetime | None]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A person's word that nothing runs any more on these hosts, with the reason."""

    hosts: Collection[str]
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A lock with what is known of its owner and why; `age_ms` by this machine's clock."""

    lock: LockSeen
    owner: Owner
    why: Message
    age_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What clearing came to: the locks that are gone, and those left, each as it was judged before."""

    judged: Judged
    removed: tuple[Standing, ...] = ()
    left: tuple[Standing, ...] = ()


def standings(locks: Sequence[LockSeen], here: Here, word: Word | None = None) -> tuple[Standing, ...]:
    """Return what is known of each lock's owner."""
    return tuple(standing_of(lock, here, word) for lock in locks)


def standing_of(lock: LockSeen, here: Here, word: Word | None = None) -> Standing:
    """Return what is known of a lock's owner: here by the process table, elsewhere by a person's word only."""
    owner, why = _owner(lock, here, word)
    age = max(here.now - lock.created, timedelta())
    return Standing(lock=lock, owner=owner, why=why, age_ms=int(age.total_seconds() * 1000))


def clear_locks(restic: Restic, here: Here, word: Word | None = None) -> Cleared:
    """Remove the locks whose owners are proved dead, and no others.

    Restic can remove only those it takes for dead itself, or all; so all are removed when all are proved dead, and
    nothing while a lock that is not would go too. A process whose lock vanished ends itself: nothing is torn.
    """
    listed = restic.locks()
    if not listed.judged.good:
        return Cleared(judged=listed.judged)
    seen = standings(listed.locks, here, word)
    doubtful = [each for each in seen if each.owner is not Owner.DEAD]
    if len(doubtful) == len(seen):
        return Cleared(judged=_kept(restic, doubtful), left=seen)
    if any(_would_go(each) for each in doubtful):
        return Cleared(judged=_kept(restic, doubtful), left=seen)
    sworn = any(each.lock.host != here.host for each in seen if each.owner is Owner.DEAD)
    if sworn and doubtful:
        return Cleared(judged=_kept(restic, doubtful), left=seen)
    done = restic.remove_all_locks() if sworn else restic.unlock()
    after = restic.locks()
    left = {lock.id for lock in after.locks}
    removed = tuple(each for each in seen if each.lock.id not in left)
    return Cleared(
        judged=done.judged if done.judged.good else after.judged if not after.judged.good else done.judged,
        removed=removed,
        left=standings(after.locks, here, word),
    )


def _owner(lock: LockSeen, here: Here, word: Word | None) -> tuple[Owner, Message]:
    if lock.host != here.host:
        if word and lock.host in word.hosts:
            why = message("{person} says that nothing runs there: {reason}", person=word.person, reason=word.reason)
            return Owner.DEAD, why
        return Owner.UNKNOWN, message("held on {host}; only somebody there can say whether it runs", host=lock.host)
    began = here.began(lock.pid)
    if began is None:
        return Owner.DEAD, message("there is no process {pid} here", pid=lock.pid)
    if began > lock.created + _CLOCK_STEP:
        return Owner.DEAD, message("process {pid} here began after the lock was made: it is another", pid=lock.pid)
    return Owner.ALIVE, message("process {pid} runs here", pid=lock.pid)


def _would_go(standing: Standing) -> bool:
    """Return whether restic's own `unlock` would remove it for its age."""
    return standing.age_ms >= RESTIC_LIMIT.total_seconds() * 1000


def _kept(restic: Restic, doubtful: Sequence[Standing]) -> Judged:
    if not doubtful:
        return Judged(verdict=Verdict.OK, what=message("done"))
    first = doubtful[0].lock
    return Judged(
        verdict=Verdict.LOCKED,
        what=message(
            "{repository}: nothing was removed; the lock of process {pid} on {host} may be in use",
            repository=restic.repository.id,
            pid=first.pid,
            host=first.host,
        ),
        why="\n".join(str(each.why) for each in doubtful),
        advice=message("when it is dead for sure: sec-ops backup locks clear REPOSITORY --dead-host HOST --by PERSON"),
    )
