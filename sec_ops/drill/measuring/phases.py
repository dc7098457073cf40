"""Phases of a recovery from the moment of loss on; together they are the recovery time 恢复时间, to the millisecond."""

from collections.abc import Callable, Mapping
from enum import StrEnum

__all__ = ["Phase", "PhaseClock", "seconds_text"]


class Phase(StrEnum):
    """What a recovery goes through, in this order; a phase that isn't needed takes no time."""

    DETECT = "detect"
    DECIDE = "decide"
    SELECT = "select"
    PROVISION = "provision"
    FETCH = "fetch"
    LOAD = "load"
    VERIFY = "verify"
    SWITCH = "switch"


_ORDER = tuple(Phase)


def seconds_text(milliseconds: int | None) -> str:
    """Return milliseconds as seconds with one digit after the point, as messages say them; `?` for none."""
    return "?" if milliseconds is None else f"{milliseconds / 1000:.1f}"


class PhaseClock:
    """The clock of one system's recovery. `now_ms` is a clock that never goes back; `lost_ms` is the loss by it.

    What is waited for, such as a system this one depends on, counts in the phase that waits.
    """

    def __init__(self, now_ms: Callable[[], int], lost_ms: int) -> None:
        self._now_ms = now_ms
        self._begun: list[tuple[Phase, int]] = [(Phase.DETECT, lost_ms)]
        self._ended_ms: int | None = None

    @property
    def phase(self) -> Phase:
        """Return the phase it is in."""
        return self._begun[-1][0]

    def enter(self, phase: Phase) -> None:
        """End the phase before and begin this one; raises ValueError for one that is over, or after the end."""
        if self._ended_ms is not None or _ORDER.index(phase) < _ORDER.index(self.phase):
            raise ValueError(phase)
        if phase is not self.phase:
            self._begun.append((phase, max(self._now_ms(), self._begun[-1][1])))

    def end(self) -> None:
        """End the last phase; a second time changes nothing."""
        if self._ended_ms is None:
            self._ended_ms = max(self._now_ms(), self._begun[-1][1])

    def spent_ms(self) -> Mapping[Phase, int]:
        """Return milliseconds by phase, those not gone through with none; the running phase counts up to now."""
        until = self._ended_ms if self._ended_ms is not None else max(self._now_ms(), self._begun[-1][1])
        ends = [begun for _phase, begun in self._begun[1:]] + [until]
        spent = dict.fromkeys(Phase, 0)
        spent |= {phase: end - begun for (phase, begun), end in zip(self._begun, ends, strict=True)}
        return spent

    def begun_ms(self) -> Mapping[Phase, int]:
        """Return when the phases gone through began, in milliseconds after the loss."""
        first = self._begun[0][1]
        return {phase: begun - first for phase, begun in self._begun}

    def recovery_ms(self) -> int:
        """Return the time since the loss: the sum of the phases."""
        return sum(self.spent_ms().values())
