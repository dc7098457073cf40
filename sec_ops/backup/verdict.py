"""What a call of restic came to: one verdict from exit code and what it said, never from the exit code alone."""

from dataclasses import dataclass
from enum import StrEnum

from sec_ops.model.errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    HostUnreachable,
    NameUnknown,
    TransportError,
)
from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome

__all__ = ["Judged", "Verdict", "judged_link", "link_verdict", "outcome_of"]


class Verdict(StrEnum):
    """One word for each way a call can end; only `ok` is good."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    LOCKED = "locked"
    WRONG_KEY = "wrong_key"
    NO_REPOSITORY = "no_repository"
    UNREACHABLE = "unreachable"
    FULL = "full"
    DAMAGED = "damaged"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict with what is said about it and the next command; `paths` are those that could not be read."""

    verdict: Verdict
    what: Message
    why: str = ""
    advice: Message | None = None
    paths: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Return whether all that was asked was done."""
        return self.verdict is Verdict.OK

    @property
    def outcome(self) -> Outcome:
        """Return the exit code's name."""
        return outcome_of(self.verdict)


def outcome_of(verdict: Verdict) -> Outcome:
    """Return what a command ends with: 3 when trying again later may do, 5 when somebody has to do something first."""
    if verdict is Verdict.OK:
        return Outcome.CLEAN
    return Outcome.INCOMPLETE if verdict in _LATER else Outcome.ENGINE


def judged_link(error: TransportError, name: str) -> Judged:
    """Return the verdict on `name` whose host could not be worked on, or was lost meanwhile."""
    what = message("{repository}: {reason}", repository=name, reason=error.what)
    return Judged(verdict=link_verdict(error), what=what, why=error.why, advice=error.advice)


def link_verdict(error: TransportError) -> Verdict:
    """Return what became of work on a host: cut short, not reached, or not let in."""
    return next((verdict for kinds, verdict in _LINKS if isinstance(error, kinds)), Verdict.REFUSED)


_LINKS = (
    ((ConnectionLost, DeadlineExceeded), Verdict.INTERRUPTED),
    ((NameUnknown, ConnectionRefused, HostUnreachable), Verdict.UNREACHABLE),
)
_LATER = frozenset({Verdict.PARTIAL, Verdict.LOCKED, Verdict.UNREACHABLE, Verdict.INTERRUPTED})
