"""A source of one host under way: what its work asks next, and what becomes of the answers.

A work hands out tasks and takes in the frames that answer them; what it returns are batches that carry, as their
position, the state after them. Whoever drives it stores a batch before asking for the next tasks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sec_ops.siem.collect.frames import Frame
from sec_ops.siem.collect.script import Task
from sec_ops.siem.collect.series import Gap
from sec_ops.siem.records import RawBatch

__all__ = ["Asked", "Moment", "Positions", "Report", "Work"]

Positions = Mapping[str, Mapping[str, Any]]
"""Last position of each source of a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a reply came: by our clock (milliseconds), and by the host's (seconds)."""

    received_ms: int
    host_seconds: int


@dataclass(slots=True, kw_only=True)
class Report:
    """What a source brought in this pull; `faults` are words such as `unreadable`, with the path they concern."""

    source: str
    path: str = ""
    records: int = 0
    bytes: int = 0
    cut: int = 0
    files: int = 0
    gaps: list[Gap] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


Asked = tuple[Task, Callable[[Sequence[Frame], Moment], list[RawBatch]]]
"""A task, and what takes in the frames that answer it and returns the batches to store."""


class Work(Protocol):
    """A source under way."""

    reports: dict[str, Report]

    def ask(self, room: int) -> list[Asked]:
        """Return the next tasks, for at most `room` bytes; empty when there is nothing more to ask."""
        ...
