"""A capture of one dump: what most sources are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sec_ops.backup.dumping.tapping import Told, Words, tapped, told
from sec_ops.backup.source import Facts, Order, Part, Report

__all__ = ["DumpCapture", "FilesCapture", "dumping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpCapture:
    """One dump; `add` makes the facts of what the tap told."""

    parts: Sequence[Part]
    report: Report
    add: Callable[[Told], Facts]

    def facts(self) -> Facts:
        """Return the dump as it went by; raises ProgramFailed when it was not whole."""
        (part,) = self.parts
        return self.add(told(self.report, part.filename))


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesCapture:
    """Files as they lie; what they hold is the manifest's to tell."""

    parts: Sequence[Part]
    taken_at: datetime

    def facts(self) -> Facts:
        """Return since when the files were read."""
        return Facts(taken_at=self.taken_at)


@contextmanager
def dumping(
    order: Order, words: Words, filename: str, *, add: Callable[[Told], Facts], name: str = "dump"
) -> Iterator[DumpCapture]:
    """Give a capture whose one part is the dump of a command."""
    with order.doors.report() as report:
        part = Part(name=name, command=tapped(words, order.doors, report), filename=filename)
        yield DumpCapture(parts=(part,), report=report, add=add)
