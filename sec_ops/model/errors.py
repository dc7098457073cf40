"""Every error this program raises on purpose, drawn.

SecOpsError                      what, where, why, next; ends the command with `outcome`
├── UsageError                   2   the command line asks for something that cannot be
│   └── QueryInvalid             2   a search has faults, each with its place
├── IncompleteError              3   a host or a fact could not be read
│   └── TransportError           3   one host, one way to fail
│       ├── NameUnknown              the name has no address
│       ├── ConnectionRefused        nothing listens at the address
│       ├── HostUnreachable          no route, or no answer within the deadline
│       ├── HostKeyUnknown           the key is not in known_hosts
│       ├── HostKeyChanged           the key is another one than in known_hosts
│       ├── AuthenticationFailed     no offered key or password was accepted
│       ├── PrivilegeRefused         sudo refused, or its password was wrong
│       ├── DeadlineExceeded         the host answered, but too slowly
│       ├── ConnectionLost           the host went away in the middle
│       ├── ProtocolFailed           the peer does not speak SSH, or not well
│       └── OutputExceeded           more bytes than the bound
├── ContentInvalid               4   faults of content or configuration, all of a file at once
│   ├── SiteNotFound             4   no site folder
│   └── NotApproved              4   content that executes has no approval
├── EngineError                  5   a program or library we drive is missing or failed
│   ├── ProgramMissing           5
│   └── ProgramFailed            5
├── StorageError                 5   our own disk is full or refuses
└── EvidenceBroken               6   the log or a bundle does not add up
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sec_ops.model.messages import Message, joined, message
from sec_ops.model.outcome import Outcome

__all__ = [
    "AuthenticationFailed",
    "ConnectionLost",
    "ConnectionRefused",
    "ContentInvalid",
    "DeadlineExceeded",
    "EngineError",
    "EvidenceBroken",
    "Fault",
    "HostKeyChanged",
    "HostKeyUnknown",
    "HostUnreachable",
    "IncompleteError",
    "NameUnknown",
    "NotApproved",
    "OutputExceeded",
    "PrivilegeRefused",
    "ProgramFailed",
    "ProgramMissing",
    "ProtocolFailed",
    "QueryFault",
    "QueryInvalid",
    "SecOpsError",
    "SiteNotFound",
    "StorageError",
    "TransportError",
    "UsageError",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a file: `file:line: path: message`, then what to do."""

    file: str
    line: int
    path: str
    message: Message
    advice: Message | None = None

    @property
    def place(self) -> str:
        """Return `file:line: path`, without the parts that are not known."""
        spot = f"{self.file}:{self.line}" if self.line else self.file
        return f"{spot}: {self.path}" if self.path else spot


class SecOpsError(Exception):
    """What happened, where, why, and the next command; the command line shows it, nobody else."""

    outcome = Outcome.INTERNAL

    def __init__(self, what: Message, *, where: str = "", why: str = "", advice: Message | None = None) -> None:
        super().__init__(str(what))
        self.what = what
        self.where = where
        self.why = why
        self.advice = advice

    @property
    def name(self) -> str:
        """Return the machine-readable name of the error, such as `host_key_changed`."""
        letters = (f"_{letter.lower()}" if letter.isupper() else letter for letter in type(self).__name__)
        return "".join(letters).lstrip("_").removesuffix("_error")

    @property
    def told(self) -> Message:
        """Return what happened as one message, for records that keep no list of faults."""
        return self.what


class UsageError(SecOpsError):
    """The command line asks for something that cannot be."""

    outcome = Outcome.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFault:
    """One thing wrong in a search, at a character counted from 0, then what to do."""

    position: int
    message: Message
    advice: Message | None = None


class QueryInvalid(UsageError):
    """A search has faults; all that were seen are listed."""

    def __init__(self, query: str, faults: Sequence[QueryFault]) -> None:
        super().__init__(message("faults in the search: {count}", count=len(faults)))
        self.query = query
        self.faults = tuple(faults)


class IncompleteError(SecOpsError):
    """A host or a fact could not be read."""

    outcome = Outcome.INCOMPLETE


class TransportError(IncompleteError):
    """One host could not be spoken to; each way to fail has its own class."""


class NameUnknown(TransportError):
    """The host's name has no address."""


class ConnectionRefused(TransportError):
    """Nothing listens at the host's address and port."""


class HostUnreachable(TransportError):
    """No route to the host, or no answer within the deadline."""


class HostKeyUnknown(TransportError):
    """The host's key is not among the known ones."""


class HostKeyChanged(TransportError):
    """The host shows another key than the known one."""


class AuthenticationFailed(TransportError):
    """No offered key or password was accepted."""


class PrivilegeRefused(TransportError):
    """The host refused rights: sudo, or sshd a session or a tunnel."""


class DeadlineExceeded(TransportError):
    """The host answered, but not within its deadline."""


class ConnectionLost(TransportError):
    """The host went away in the middle."""


class ProtocolFailed(TransportError):
    """The peer does not speak SSH, or not well."""


class OutputExceeded(TransportError):
    """The host sent more bytes than the bound."""


class ContentInvalid(SecOpsError):
    """Content or configuration has faults; all of them are listed, nothing was run."""

    outcome = Outcome.INVALID

    def __init__(self, faults: Sequence[Fault], *, what: Message | None = None, advice: Message | None = None) -> None:
        counted = message("{count} faults in content or configuration", count=len(faults))
        super().__init__(what or counted, advice=advice)
        self.faults = tuple(faults)

    @property
    def told(self) -> Message:
        """Return the first faults, each with its place; what happened where none is listed."""
        placed = [message("{place}: {fault}", place=each.place, fault=each.message) for each in self.faults[:_TOLD]]
        return joined(placed, more=len(self.faults) > _TOLD) if placed else self.what


_TOLD = 5


class SiteNotFound(ContentInvalid):
    """There is no site folder here or above."""

    def __init__(self, start: str) -> None:
        super().__init__(
            (),
            what=message("no site folder: {start} and the folders above it have no sec-ops.yml", start=start),
            advice=message("make one: sec-ops init DIR, or name one: --site DIR"),
        )


class NotApproved(ContentInvalid):
    """Content that executes has no valid approval."""


class EngineError(SecOpsError):
    """A program or library we drive is missing or failed."""

    outcome = Outcome.ENGINE


class ProgramMissing(EngineError):
    """A program we need is not installed."""


class ProgramFailed(EngineError):
    """A program we drive ended with an error."""


class StorageError(SecOpsError):
    """Our own disk is full, read-only or failing."""

    outcome = Outcome.ENGINE


class EvidenceBroken(SecOpsError):
    """The evidence log or a bundle does not add up."""

    outcome = Outcome.EVIDENCE_BROKEN
