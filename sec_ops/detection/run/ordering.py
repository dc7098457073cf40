"""Found events in order of time, however many: sorted in memory up to a bound, beyond it in runs on disk."""

import heapq
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import orjson

from sec_ops.detection.events import FlatEvent
from sec_ops.runtime.files import storage_error

__all__ = ["FoundEvent", "TimeOrder"]

_BYTES_BOUND: Final = 64 * 1024 * 1024
_WITHOUT_TIME: Final = 2**63 - 1
_STANDARD: Final = b"j"
"""Stands before JSON of the standard library, which says what orjson doesn't: half a surrogate pair, any integer."""
_Row = tuple[int, int, bytes]
"""Time, number in order of arrival, the event as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEvent:
    """An event that rules found: their numbers, the event's shape, its record, its time (microseconds, UTC)."""

    rules: Sequence[int]
    shape: str
    record: str
    time_us: int | None
    event: FlatEvent


class TimeOrder:
    """Takes found events in any order and gives them, once, in order of time; those without a time come last.

    Of the same time, in order of arrival. Raises StorageError when the disk has no room.
    """

    def __init__(self, bytes_bound: int = _BYTES_BOUND) -> None:
        self._bound = bytes_bound
        self._rows: list[_Row] = []
        self._size = 0
        self._count = 0
        self._runs: list[IO[bytes]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, found: FoundEvent) -> None:
        """Take an event."""
        time = _WITHOUT_TIME if found.time_us is None else found.time_us
        data = _packed(found)
        self._rows.append((time, self._count, data))
        self._count += 1
        self._size += len(data)
        if self._size > self._bound:
            self._spill()

    def __iter__(self) -> Iterator[FoundEvent]:
        self._rows.sort()
        for time, _number, data in heapq.merge(self._rows, *map(_read, self._runs)):
            yield _unpacked(None if time == _WITHOUT_TIME else time, data)

    def _spill(self) -> None:
        self._rows.sort()
        try:
            run = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the others
            run.writelines(b"%d %d %b\n" % row for row in self._rows)
            run.seek(0)
        except OSError as error:
            raise storage_error(Path(tempfile.gettempdir()), error) from error
        self._runs.append(run)
        self._rows, self._size = [], 0


def _read(run: IO[bytes]) -> Iterator[_Row]:
    for line in run:
        time, number, data = line.rstrip(b"\n").split(b" ", 2)
        yield int(time), int(number), data


def _packed(found: FoundEvent) -> bytes:
    document: list[Any] = [list(found.rules), found.shape, found.record, found.event]
    try:
        return orjson.dumps(document)
    except TypeError:
        return _STANDARD + json.dumps(document).encode()


def _unpacked(time_us: int | None, data: bytes) -> FoundEvent:
    document = json.loads(data[1:]) if data.startswith(_STANDARD) else orjson.loads(data)
    rules, shape, record, event = document
    return FoundEvent(rules=rules, shape=shape, record=record, time_us=time_us, event=event)
