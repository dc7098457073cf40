"""What a drill came to: the one record that the report, `drill show`, the evidence and the judgement are made from.

Moments are RFC 3339 in UTC; spans are milliseconds. Texts of content are `Text`, those of the program `Message`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from sec_ops.model.drill_scenario import DrillKind, Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.values import Text, Value

__all__ = [
    "ANSWERS",
    "CheckRecord",
    "DrillRecord",
    "DrillVerdict",
    "FetchRecord",
    "IsolationRecord",
    "Note",
    "NoteKind",
    "ProbeRecord",
    "Problem",
    "ServiceRecord",
    "SourceRecord",
    "SystemRecord",
]

DrillVerdict = Literal["passed", "failed", "not_run", "interrupted"]
"""A drill passed when each of its systems did; what was not reached is `not_run`, and never passed."""

NoteKind = Literal[
    "participant", "decision", "event", "problem", "improvement", "answer", "training", "summary", "sign_off"
]


class Problem(Value):
    """Something that went wrong, where, why, and what to do."""

    what: Message
    where: str = ""
    why: str = ""
    advice: Message | None = None


class Note(Value):
    """What a person typed in: who, when, and for a participant their role, for an answer its step."""

    kind: NoteKind
    at: str
    by: str
    text: str
    role: str = ""
    step: str = ""


ANSWERS: Mapping[str, Message] = {
    "succeeded": message("succeeded"),
    "not tried": message("not tried"),
    "no answer": message("no answer"),
    "no address": message("no address"),
    "answers": message("it answered"),
    "folder": message("folder"),
    "none": message("none"),
}
"""Our own words for how a probe ended; all else is what the system answered, and stays as it is."""


class ProbeRecord(Value):
    """One attempt to get out of the sandbox, and how it ended: a word of `ANSWERS`, or the system's own."""

    name: str
    target: str
    refused: bool
    how: str
    outside: bool = Field(default=False, description="the target answered outside at that time")


class IsolationRecord(Value):
    """Proof of isolation; `way` is how the sandbox was made."""

    way: str
    holds: bool
    limited: bool = Field(description="memory and processes were limited by a control group")
    probes: tuple[ProbeRecord, ...]


class FetchRecord(Value):
    """One attempt to fetch from a repository; `verdict` as of `backup restore`."""

    repository: str
    place: str
    verdict: str
    bytes: int = 0
    elapsed_ms: int = 0
    problem: Problem | None = None


class SourceRecord(Value):
    """A source that was restored: files against the manifest, then tables against the manifest."""

    source: str
    kind: str
    verdict: str
    files: int = 0
    bytes: int = 0
    proved: int = 0
    missing: int = 0
    different: int = 0
    extra: int = 0
    received: int = Field(
        default=0, description="segments of a log taken from where it is received, newer than the restore point"
    )
    tables: int = 0
    tables_proved: int = 0
    loaded: str = Field(default="", description="verdict of loading; empty where nothing was loaded")
    taken_at: str = ""
    heartbeat: str = Field(default="", description="last heartbeat row found in the restored data")
    problems: tuple[Problem, ...] = ()


class ServiceRecord(Value):
    """A service that was started in the sandbox."""

    service: str
    kind: str
    verdict: DrillVerdict
    elapsed_ms: int = 0
    problem: Problem | None = None


class CheckRecord(Value):
    """An application check: what was expected, what was found."""

    check: str
    title: Text
    kind: str
    verdict: DrillVerdict
    expected: str
    found: str
    elapsed_ms: int = 0
    problem: Problem | None = None


class SystemRecord(Value):
    """A system of the drill. `phases` add up to `rto_ms`, counted from the loss; targets are None where none is set.

    `begun` are the moments at which the phases gone through began, in milliseconds after the loss.
    """

    system: str
    name: Text
    verdict: DrillVerdict
    after: tuple[str, ...] = Field(default=(), description="systems that had to work before it")
    run: str = Field(default="", description="run of the backup that was restored")
    repository: str = ""
    place: str = ""
    far: bool = Field(default=False, description="fetched from a place that is off-site for the system")
    phases: dict[str, int] = Field(default_factory=dict)
    begun: dict[str, int] = Field(default_factory=dict)
    rto_ms: int | None = None
    rto_target_ms: int | None = None
    rto_met: bool | None = None
    rpo_ms: int | None = None
    rpo_uncertain_ms: int = 0
    rpo_basis: Literal["heartbeat", "data", "unknown"] = "unknown"
    rpo_target_ms: int | None = None
    rpo_met: bool | None = None
    trusted: tuple[str, ...] = Field(default=(), description="fingerprints of the keys that signed the manifest")
    fetches: tuple[FetchRecord, ...] = ()
    sources: tuple[SourceRecord, ...] = ()
    services: tuple[ServiceRecord, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    problems: tuple[Problem, ...] = ()


class DrillRecord(Value):
    """A whole drill."""

    run: str
    scenario: str
    digest: str = Field(description="SHA-256 of the scenario and recoveries as they were read")
    title: Text
    kind: DrillKind
    aim: Text
    plan_document: str = ""
    controller: str = Field(description="name of the machine it ran on")
    place: str = Field(default="", description="place of that machine")
    started: str
    ended: str
    lost_at: str
    lost_at_told: bool = Field(description="the moment of loss was told; else it is the start of the drill")
    lost_places: tuple[str, ...] = ()
    lost: tuple[ProbeRecord, ...] = Field(default=(), description="what counts as lost; refused: it did not answer")
    until: str = Field(default="", description="moment databases were restored to, where one was chosen")
    key: Literal["usual", "escrow"] = "usual"
    injected: tuple[Fault, ...] = ()
    struck: tuple[Message, ...] = Field(default=(), description="what the injected faults really did")
    verdict: DrillVerdict
    phase: str = Field(default="", description="phase it was in when it was interrupted")
    isolation: IsolationRecord | None = None
    systems: tuple[SystemRecord, ...] = ()
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
