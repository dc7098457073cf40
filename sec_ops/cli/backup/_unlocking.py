"""Locks that a killed run left: taken away by the next one, once their processes are proved dead, and sealed."""

import socket
from typing import Any

from sec_ops.backup.locks import Cleared, Here, Word, clear_locks
from sec_ops.backup.processes import process_began
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import State, Verb
from sec_ops.backup.restic.client import Restic
from sec_ops.evidence.log import EvidenceLog
from sec_ops.runtime.clock import SystemClock

__all__ = ["clear_left", "here", "sealed_locks"]

_VERBS = (Verb.RUN, Verb.COPY, Verb.FORGET, Verb.VERIFY)
_LOOKED_AT = 3


def here() -> Here:
    """Return this machine as far as locks go."""
    return Here(host=socket.gethostname(), began=process_began, now=SystemClock().now())


def clear_left(restic: Restic, record: Record, log: EvidenceLog) -> None:
    """Clear what was left in a repository, when anything of the last attempts there was cut short.

    A lock in doubt stays, and then says so itself to whom it hinders.
    """
    name = restic.repository.id
    last = (each for verb in _VERBS for each in record.attempts(verb, repository=name, limit=_LOOKED_AT))
    if not any(each.state is State.INTERRUPTED for each in last):
        return
    cleared = clear_locks(restic, here())
    if cleared.removed:
        log.append("backup.lock/1", sealed_locks(name, cleared, None))


def sealed_locks(repository: str, cleared: Cleared, word: Word | None) -> dict[str, Any]:
    """Return the entry's data."""
    sworn = word.hosts if word else ()
    locks = [
        {
            "id": each.lock.id,
            "host": each.lock.host,
            "pid": each.lock.pid,
            "created": each.lock.created.isoformat(),
            "proof": "word of a person" if each.lock.host in sworn else "process table",
        }
        for each in cleared.removed
    ]
    return {
        "repository": repository,
        "locks": locks,
        "person": word.person if word else "",
        "reason": word.reason if word else "",
    }
