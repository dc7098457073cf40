"""Jobs 定时任务: commands of this program that run by themselves, and what a run of one came to."""

import re
from typing import Annotated, Literal, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value, Zone

__all__ = ["WEEKDAYS", "Job", "JobChange", "JobResult", "RunJob", "Schedule", "Timing"]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise RuleBroken(message("not a time of day such as 02:30"))
    return text


def _weekly(text: str) -> str:
    day, _space, clock = text.partition(" ")
    if day not in WEEKDAYS:
        raise RuleBroken(message("not a day and time such as sun 03:00"))
    return f"{day} {_clock(clock)}"


class Timing(Value):
    """When a job is due, on the wall clock of the site's zone; exactly one of the four.

    Only steps that divide an hour or a day, so that systemd's calendar and ours name the same instants.
    """

    every_minutes: Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30] | None = None
    every_hours: Literal[1, 2, 3, 4, 6, 8, 12] | None = None
    daily: Annotated[str, AfterValidator(_clock)] | None = Field(default=None, description="time of day: 02:30")
    weekly: Annotated[str, AfterValidator(_weekly)] | None = Field(default=None, description="day and time: sun 03:00")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in Timing.model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise RuleBroken(message("a job is timed by exactly one of every_minutes, every_hours, daily and weekly"))
        return self


class Job(Value):
    """A command of this program, such as `[logs, pull]`, and when it runs."""

    id: Identifier
    command: tuple[NonEmpty, ...] = Field(min_length=1, description="words after sec-ops: [logs, pull]")
    timing: Timing
    deadline_minutes: int = Field(default=60, ge=1, le=1440, description="a run that takes longer is ended")
    enabled: bool = True


class JobChange(Value):
    """What a site says of a standard job, or a job of its own (then `command` and `timing` are needed)."""

    id: Identifier
    command: tuple[NonEmpty, ...] | None = Field(default=None, description="words after sec-ops: [audit, run]")
    timing: Timing | None = None
    deadline_minutes: int | None = Field(default=None, ge=1, le=1440)
    enabled: bool | None = None


class Schedule(Value):
    """Which jobs run by themselves, and when."""

    zone: Zone = Field(default="Asia/Shanghai", description="time zone of the times of day")
    jobs: tuple[JobChange, ...] = Field(default=(), description="changes of standard jobs, and jobs of the site's own")


class JobResult(Value):
    """What a run came to. `said` is the end of what it told a person; `elapsed_ms` its duration.

    `told` is whether the command itself has sent people a notice of it, or knows that they know.
    """

    outcome: Outcome
    elapsed_ms: int
    said: str = ""
    told: bool = False

    @property
    def good(self) -> bool:
        """Return whether the job did its work: findings are its work, what could not be read is not."""
        return self.outcome in (Outcome.CLEAN, Outcome.FINDINGS)

    @property
    def words(self) -> Message:
        """Return what it came to, for a person."""
        return _WORDS[self.outcome]


_WORDS = {
    Outcome.CLEAN: message("done"),
    Outcome.FINDINGS: message("done, with findings"),
    Outcome.USAGE: message("a wrong command line"),
    Outcome.INCOMPLETE: message("something could not be read"),
    Outcome.INVALID: message("configuration or content with faults"),
    Outcome.ENGINE: message("a program missing or failed"),
    Outcome.EVIDENCE_BROKEN: message("evidence that does not hold"),
    Outcome.INTERNAL: message("an internal error"),
    Outcome.INTERRUPTED: message("interrupted"),
    Outcome.TERMINATED: message("terminated"),
}


class RunJob(Protocol):
    """Run a job to its end."""

    def __call__(self, job: Job) -> JobResult:
        """Return what it came to; never raises for what the job does."""
        ...
