"""A table-top drill 桌面推演: steps are asked in their order, people answer by notes; nothing is restored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sec_ops.model.drill_record import DrillVerdict, Note, Problem
from sec_ops.model.drill_scenario import DrillStep
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock

__all__ = ["Rehearsed", "TableTopDoors", "rehearse"]

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTopDoors:
    """What a table-top needs of the world: the notes so far, and somebody who is told which step is asked."""

    notes: Callable[[], Sequence[Note]]
    ask: Callable[[DrillStep], None]
    clock: Clock
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What it came to; it passed when every step was answered. Late answers are problems, and answers still."""

    verdict: DrillVerdict
    problems: tuple[Problem, ...] = ()


def rehearse(steps: Sequence[DrillStep], deadline_minutes: int, doors: TableTopDoors) -> Rehearsed:
    """Ask each step once it is its turn, until all are answered or the time of the whole drill is over."""
    end_ms = doors.clock.monotonic_ms() + deadline_minutes * 60_000
    problems: list[Problem] = []
    for step in steps:
        asked_ms = doors.clock.monotonic_ms()
        if not _answered(step, doors):
            doors.ask(step)
            if not _waited(step, end_ms, doors):
                break
        spent_ms = doors.clock.monotonic_ms() - asked_ms
        if spent_ms > step.minutes * 60_000:
            problems.append(_late(step, spent_ms))
    open_steps = [each for each in steps if not _answered(each, doors)]
    problems += [_unanswered(each) for each in open_steps]
    return Rehearsed(verdict="failed" if open_steps else "passed", problems=tuple(problems))


def _answered(step: DrillStep, doors: TableTopDoors) -> bool:
    return any(note.kind == "answer" and note.step == step.id for note in doors.notes())


def _waited(step: DrillStep, end_ms: int, doors: TableTopDoors) -> bool:
    """Wait for an answer; return whether it came before the end."""
    while not _answered(step, doors):
        if doors.clock.monotonic_ms() >= end_ms:
            return False
        doors.sleep(_LOOK_SECONDS)
    return True


def _late(step: DrillStep, spent_ms: int) -> Problem:
    what = message(
        "the answer took {spent} min, {minutes} min were meant", spent=-(-spent_ms // 60_000), minutes=step.minutes
    )
    return Problem(what=what, where=step.id)


def _unanswered(step: DrillStep) -> Problem:
    what = message("nobody answered the step {step}", step=step.id)
    return Problem(what=what, where=step.id, advice=message("clear it up afterwards, and note it as an improvement"))
