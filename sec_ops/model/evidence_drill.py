"""Kinds of evidence that drills leave (see `sec_ops.model.evidence`). Names of people stand in blobs only."""

from typing import ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt

from sec_ops.model.drill_record import DrillVerdict, NoteKind
from sec_ops.model.drill_scenario import DrillKind
from sec_ops.model.values import Value

__all__ = ["DrillNote", "DrillRun", "DrillSummary", "DrilledSystem", "PeopleInDrill", "SystemDrills"]


class DrilledSystem(Value):
    """What became of a system in a drill; times in milliseconds from the loss, None where nobody can tell."""

    id: str
    verdict: DrillVerdict
    run: str = Field(default="", description="run of the backup that was restored")
    repository: str = ""
    place: str = ""
    far: StrictBool = Field(default=False, description="fetched from a place that is off-site for the system")
    whole: StrictBool = Field(default=False, description="all its sources came back as a trusted manifest says")
    restored: tuple[str, ...] = Field(default=(), description="sources that did")
    sources: StrictInt = 0
    services: StrictInt = 0
    checks: StrictInt = 0
    checks_passed: StrictInt = 0
    rto_ms: StrictInt | None = None
    rto_target_ms: StrictInt | None = None
    rto_met: StrictBool | None = None
    rpo_ms: StrictInt | None = None
    rpo_uncertain_ms: StrictInt = 0
    rpo_basis: Literal["heartbeat", "data", "unknown"] = "unknown"
    rpo_target_ms: StrictInt | None = None
    rpo_met: StrictBool | None = None


class PeopleInDrill(Value):
    """What people did in a drill, by number; who, stands in the blob."""

    plan: StrictBool = Field(default=False, description="the contingency plan that was rehearsed is named")
    participants: StrictInt = 0
    decisions: StrictInt = 0
    answers: StrictInt = 0
    training: StrictInt = Field(default=0, description="records of training in the plan")
    problems: StrictInt = 0
    improvements: StrictInt = 0
    summaries: StrictInt = 0
    sign_offs: StrictInt = 0


class DrillRun(Value):
    """A drill came to its end; the blob is its whole record. `phase` is where it was interrupted."""

    kind: ClassVar[str] = "drill.run/1"
    run: str
    scenario: str
    rehearsed: DrillKind
    content_digest: str = Field(description="SHA-256 of the scenario and recoveries")
    started: str
    ended: str
    lost_at: str
    verdict: DrillVerdict
    phase: str = ""
    isolated: StrictBool | None = Field(default=None, description="None: no sandbox was needed, or none was made")
    probes: StrictInt = 0
    systems: tuple[DrilledSystem, ...] = ()
    people: PeopleInDrill = PeopleInDrill()
    manifest: dict[str, str] = Field(default_factory=dict, description="file of the run to its SHA-256")


class DrillNote(Value):
    """Something was added to a drill's record after its end, such as a signature; the blob holds its text and who."""

    kind: ClassVar[str] = "drill.note/1"
    run: str
    note: NoteKind
    at: str


class SystemDrills(Value):
    """How drills of a key system stood. Days are ages when it was sealed; -1: never.

    A drill counts as whole when it restored all sources of the system and not only a file or a table.
    """

    id: str
    drills: StrictInt = Field(default=0, description="drills within the last 366 days that named it")
    whole: StrictInt = Field(default=0, description="of these, drills that set out to bring it back whole")
    whole_days: StrictInt = Field(default=-1, description="since one of them passed")
    failed: StrictBool = Field(default=False, description="the last of them did not pass")
    far: StrictInt = Field(default=0, description="of these, drills that fetched it from off-site")
    far_days: StrictInt = Field(default=-1, description="since one of them passed")
    far_failed: StrictBool = Field(default=False, description="the last of them did not pass")
    rto_ms: StrictInt = Field(default=-1, description="of the last whole drill; -1: nobody can tell")
    rto_target_ms: StrictInt = Field(default=-1, description="-1: none is set")
    rpo_ms: StrictInt = -1
    rpo_target_ms: StrictInt = -1


class DrillSummary(Value):
    """How drills of all key systems stood; facts only, what they prove is a map's.

    An exercise is a drill in which people took part; `exercise` tells of the last of them that came to its end.
    """

    kind: ClassVar[str] = "drill.summary/1"
    day: str = ""
    drills: StrictInt = Field(default=0, description="drills within the last 366 days, of whatever kind")
    exercises: StrictInt = Field(default=0, description="of these, those in which people took part")
    exercise_days: StrictInt = Field(default=-1, description="since the last exercise")
    exercise_passed: StrictBool = False
    exercise: PeopleInDrill = PeopleInDrill()
    systems: tuple[SystemDrills, ...] = ()
