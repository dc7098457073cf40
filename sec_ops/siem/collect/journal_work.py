"""The journal of one host: entries from the last cursor on, as many as fit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sec_ops.siem.collect.frames import Frame
from sec_ops.siem.collect.journal import JournalState, read_entries, selection_of
from sec_ops.siem.collect.lines import LINE_BYTES
from sec_ops.siem.collect.script import JournalTask
from sec_ops.siem.collect.series import Gap, GapKind
from sec_ops.siem.collect.works import Asked, Moment, Report
from sec_ops.siem.records import Origin, RawBatch

__all__ = ["JournalWork"]

_LARGEST_ENTRY = 33_554_432


class JournalWork:
    """A journal under way; `origin` names its source."""

    def __init__(
        self, origin: Origin, folder: str, units: Sequence[str], position: Mapping[str, Any] | None, *, dry: str = ""
    ) -> None:
        """Go on from `position`; with a `dry` reason nothing is read, only looked at."""
        self._origin = origin
        self._folder = folder
        self._units = tuple(units)
        self._state = JournalState.read(position)
        self._selection = selection_of(folder, units)
        self._report = Report(source=origin.source, path=folder)
        self.reports = {origin.source: self._report}
        self._dry = dry
        self._more = True
        self._size = 4 * LINE_BYTES

    def ask(self, room: int) -> list[Asked]:
        """Return the next part, none when the end was reached."""
        if not self._more or (room < self._size and room < 2 * LINE_BYTES):
            return []
        size = 0 if self._dry else self._size
        task = JournalTask(size=size, cursor=self._state.cursor, folder=self._folder, units=self._units)
        return [(task, self._read)]

    def _read(self, frames: Sequence[Frame], moment: Moment) -> list[RawBatch]:
        self._more = False
        faults = [frame.arguments[0] for frame in frames if frame.word == "fault" and frame.arguments]
        self._report.faults += [(word, self._folder) for word in faults]
        entries = next((frame for frame in frames if frame.word == "entries"), None)
        if entries is None or self._dry:
            return []
        ended = next((frame.arguments for frame in frames if frame.word == "exit"), None)
        if ended is not None and ended != ("0",):
            self._report.faults.append(("failed", self._folder))
        batches = self._took(entries.content, moment)
        self._more = ended is None and any(frame.word == "taken" for frame in frames)
        if self._more and not batches:
            self._grow()
        return batches

    def _took(self, content: bytes, moment: Moment) -> list[RawBatch]:
        found = read_entries(content, self._state, self._selection)
        if found.lost:
            gap = Gap(kind=GapKind.CURSOR_LOST, at_ms=moment.received_ms, since_ms=self._state.pulled_ms)
            self._state = self._state.with_gap(gap)
            self._report.gaps.append(gap)
        if not found.records:
            return []
        self._state = replace(self._state, cursor=found.cursor, selection=self._selection, pulled_ms=moment.received_ms)
        self._report.records += len(found.records)
        self._report.bytes += sum(map(len, found.records))
        return [
            RawBatch(
                origin=self._origin,
                received_ms=moment.received_ms,
                records=found.records,
                position=self._state.document(),
            )
        ]

    def _grow(self) -> None:
        """Ask for more at once: an entry did not fit. What is larger than any bound is a fault that stays."""
        self._size *= 2
        if self._size > _LARGEST_ENTRY:
            self._more = False
            self._report.faults.append(("too-large", self._folder))
