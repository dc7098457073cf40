"""What a drill says of the organisation: levels reached by edition, what is missing, the trend, what people did.

Made from `DrillRecord` by `sec_ops.drill.judging`; reports show it. Level 0 means that not even level 1 is reached.
"""

from typing import Literal

from pydantic import Field

from sec_ops.model.messages import Message
from sec_ops.model.recovery_level import ElementId
from sec_ops.model.values import Text, Value

__all__ = [
    "ElementJudgement",
    "Exercise",
    "Judgement",
    "LevelJudgement",
    "Missing",
    "NumbersJudgement",
    "SystemLevel",
    "SystemTrend",
    "TrendPoint",
]

Basis = Literal["facts", "declared", "not_asked", "unknown"]


class NumbersJudgement(Value):
    """The level that measured times reach, and what keeps it there; `idle` times say nothing of a disaster."""

    level: int
    reason: Message
    idle: bool = False


class ElementJudgement(Value):
    """The level an element reaches, by what, and why no more; `by` and `on` of who declared it."""

    element: ElementId
    name: Text
    level: int
    basis: Basis
    reason: Message
    by: str = ""
    on: str = ""


class Missing(Value):
    """What the next level asks and is not there: a time, or an element; `needed` in the edition's own words."""

    what: Literal["rto", "rpo"] | ElementId
    name: Message | Text
    needed: Text
    why: Message


class SystemLevel(Value):
    """A system's level: the lower of its numbers' and of its elements' lowest."""

    system: str
    name: Text
    level: int
    numbers: NumbersJudgement
    elements: tuple[ElementJudgement, ...]
    elements_level: int
    missing: tuple[Missing, ...] = Field(default=(), description="for the next level; empty at the highest")


class LevelJudgement(Value):
    """What an edition says: the level of its lowest system, None where nothing can be judged, with the reason."""

    edition: str
    standard: str
    title: Text
    superseded_by: str = Field(default="", description="number of the standard that replaced it")
    note: Text
    level: int | None
    level_name: Text | None = None
    numbers: int | None = None
    elements: int | None = None
    reason: Message | None = Field(default=None, description="why nothing was judged")
    systems: tuple[SystemLevel, ...] = ()


class TrendPoint(Value):
    """An earlier drill, or this one, that brought a system back."""

    run: str
    started: str
    scenario: str
    verdict: str
    rto_ms: int | None = None
    rpo_ms: int | None = None


class SystemTrend(Value):
    """Drills of a system, oldest first, this one last; changes are against the drill before of the same scenario."""

    system: str
    points: tuple[TrendPoint, ...]
    rto_change_ms: int | None = None
    rpo_change_ms: int | None = None


class Exercise(Value):
    """What people did: what the record of an exercise needs, by number; `missing` names what it lacks."""

    plan: bool
    participants: int
    training: int
    summaries: int
    decisions: int
    improvements: int
    sign_offs: int
    missing: tuple[Message, ...] = ()


class Judgement(Value):
    """All that is judged of a drill; `level` is of the first edition by which one can be told."""

    run: str
    levels: tuple[LevelJudgement, ...] = ()
    trend: tuple[SystemTrend, ...] = ()
    exercise: Exercise

    @property
    def level(self) -> int | None:
        """Return the level reached, None where none can be told."""
        return next((each.level for each in self.levels if each.level is not None), None)
