"""What a call of restic came to: one verdict from exit code and what it said, never from the exit code alone."""

from dataclasses import dataclass
from enum import StrEnum

from sec_ops.model.messages import Message

__all__ = ["Judged", "Verdict"]


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
