"""What the record keeps. Moments are milliseconds since 1970 (UTC) by this controller's clock, sizes bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import Message

__all__ = [
    "Arrival",
    "Attempt",
    "Counts",
    "Doing",
    "Ending",
    "Hold",
    "JudgedPart",
    "Ordered",
    "Size",
    "SourceResult",
    "State",
    "Verb",
]


class Verb(StrEnum):
    """What was attempted."""

    RUN = "run"
    COPY = "copy"
    VERIFY = "verify"
    RESTORE = "restore"
    FORGET = "forget"
    PROBE = "probe"
    KEYS = "keys"


class State(StrEnum):
    """Where an attempt stands; one whose process is gone without an end is `interrupted`."""

    RUNNING = "running"
    ENDED = "ended"
    INTERRUPTED = "interrupted"


class Ordered(StrEnum):
    """How a snapshot's place among the arrivals is known: we saw it come, evidence says so, or its own word only."""

    SEEN = "seen"
    EVIDENCE = "evidence"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What went through: bytes read, bytes new to the repository before and after packing, files by their change."""

    bytes_read: int = 0
    bytes_added: int = 0
    bytes_packed: int = 0
    files_new: int = 0
    files_changed: int = 0
    files_unmodified: int = 0
    files_removed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in Counts.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What is about to be attempted. One attempt of a verb on a system (and repository) goes on at a time."""

    verb: Verb
    system: str
    repository: str
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceResult:
    """What one source of a run came to; `taken_at_ms` and `heartbeat_ms` are the data's own moments, where known."""

    source: str
    judged: Judged
    taken_at_ms: int | None = None
    heartbeat_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What an attempt came to; `evidence` is the sequence number of the entry that says so."""

    judged: Judged
    snapshots: int = 0
    counts: Counts = field(default_factory=Counts)
    sources: Sequence[SourceResult] = ()
    evidence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt as it was recorded before it began, with its end when it has one. `holder` is `host/pid`."""

    id: int
    verb: Verb
    system: str
    repository: str
    run: str
    holder: str
    started_ms: int
    state: State
    ended_ms: int | None = None
    ending: Ending | None = None

    @property
    def judged(self) -> Judged | None:
        """Return what it came to, None while it runs."""
        return self.ending.judged if self.ending else None

    @property
    def verdict(self) -> Verdict | None:
        """Return the verdict, None while it runs."""
        return self.ending.judged.verdict if self.ending else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A snapshot in a repository. `arrival` grows in the order of coming; 0 before it is recorded.

    `claimed_ms` is the client's word and proves nothing. `verdict` is that of the run, on its manifest only. A
    snapshot that no run made has no `system`. `gone_ms` is when it was first missed in a whole listing.
    """

    repository: str
    snapshot: str
    host: str
    claimed_ms: int
    first_seen_ms: int
    arrival: int = 0
    original: str = ""
    run: str = ""
    system: str = ""
    source: str = ""
    part: str = ""
    verdict: str = ""
    ordered: Ordered = Ordered.SEEN
    taken_at_ms: int | None = None
    heartbeat_ms: int | None = None
    gone_ms: int | None = None
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A restore point held back, or a repository's changes, until a person lifts it; `signs` are what raised it."""

    system: str
    repository: str
    reason: Message
    since_ms: int
    run: str = ""
    signs: tuple[Message, ...] = ()
    id: int = 0
    lifted_ms: int | None = None
    lifted_by: str = ""
    lifted_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPart:
    """A part of a run as the gate measured it beside the last one that counts; see `retaining.signs` for the terms."""

    repository: str
    system: str
    run: str
    source: str
    part: str
    at_ms: int
    share: float = 0.0
    added: int = 0
    packed: int = 0
    samples: int = 0
    turned_random: int = 0
    turned_odd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a repository was, and how much was free where it lies (None where nobody can say)."""

    repository: str
    at_ms: int
    bytes: int | None
    free_bytes: int | None
