"""Waiting for people: what they decide is typed in, and the drill's clock goes on meanwhile."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sec_ops.drill.noting import notes_of
from sec_ops.drill.running.halting import Halt
from sec_ops.model.protocols import Clock

__all__ = ["decision_after", "no_waiting"]

_LOOK_SECONDS = 0.5


def decision_after(folder: Path, clock: Clock, halt: Halt) -> Callable[[], None]:
    """Return what waits for a decision that is typed from the call on into the run in `folder`; raises Halted."""

    def wait() -> None:
        begun = clock.now()
        while not any(each.kind == "decision" and _moment(each.at, begun) >= begun for each in notes_of(folder)):
            halt.sleep(_LOOK_SECONDS)

    return wait


def no_waiting() -> None:
    """Wait for nobody."""


def _moment(text: str, begun: datetime) -> datetime:
    """Return a note's moment; whoever typed it, one that can't be read counts as typed now."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return begun
