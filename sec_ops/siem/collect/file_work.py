"""The files of one log on one host: look for them, read them on, oldest first, and never one byte twice."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sec_ops.siem.collect.frames import Frame
from sec_ops.siem.collect.lines import LINE_BYTES, split_lines
from sec_ops.siem.collect.plan import Found, Want, plan_series, search_patterns, series_name
from sec_ops.siem.collect.script import FILES, HEAD_BYTES, ListTask, TakeTask
from sec_ops.siem.collect.series import TAIL_BYTES, Gap, GapKind, Known, Print, Series, print_of
from sec_ops.siem.collect.works import Asked, Moment, Positions, Report
from sec_ops.siem.records import Origin, RawBatch

__all__ = ["FileWork"]

_ROOM_BYTES = 65_536  # for what is written between looking and reading
_PACKED_FACTOR = 30
_QUIET_SECONDS = 5
_LOOKS = 3
_ABSENT = "absent"
_NO_FILE = frozenset({_ABSENT, "closed"})
_SILENT = "unreadable"  # opening it ended the shell that tried
_MOVING = "moving"
_VANISHED = "gone"  # between two looks; the next one knows


@dataclass(slots=True)
class _Open:
    """A series with files still to be read."""

    name: bytes
    series: Series
    stored: Series
    wants: list[Want]
    origin: Origin
    report: Report
    complete: bool = True


class FileWork:
    """All logs of one path of a log source, globbed or not, on one host."""

    def __init__(
        self, origin: Origin, path: str, rotated_to: Sequence[str], positions: Positions, *, dry: str = ""
    ) -> None:
        """`origin` is that of the logs but for source and path; with a `dry` reason nothing is read, only looked at."""
        self.reports: dict[str, Report] = {}
        self.missing = ""
        self._origin = origin
        self._path = path
        self._rotated_to = tuple(rotated_to)
        self._positions = dict(positions)
        self._dry = dry
        self._looks = 0
        self._look = True
        self._unseen: tuple[bytes, ...] = ()
        self._open: list[_Open] = []

    def ask(self, room: int) -> list[Asked]:
        """Return a look first, then parts of files, oldest first."""
        if self._look and not any(each.wants for each in self._open) and self._looks < _LOOKS:
            self._look, self._looks, self._open = False, self._looks + 1, []
            return [(self._search(), self._found)]
        asked: list[Asked] = []
        for each in self._open:
            for want in each.wants:
                size = _expected_size(want)
                if min(size, 2 * LINE_BYTES) > room:
                    return asked
                task = _take(want, min(size, room))
                asked.append((task, partial(self._read, each, want, task.size)))
                room -= task.size
        return asked

    def _search(self) -> ListTask:
        patterns = search_patterns(self._path, self._rotated_to)
        known = [Series.read(each) for each in self._positions.values() if "files" in each]
        keys = tuple(file.key for series in known for file in series.files if file.key)
        return ListTask(patterns=patterns, folders=(os.path.dirname(self._path),), unchanged=keys)  # noqa: PTH120 - the host's path

    def _found(self, frames: Sequence[Frame], moment: Moment) -> list[RawBatch]:
        if not any(frame.word == "listed" for frame in frames):
            return []
        found, faults = _listed(frames)
        self._unseen = tuple(path for word, path in faults if word != _ABSENT)
        groups: dict[bytes, list[Found]] = {}
        for each in found.values():
            name = series_name(each.path, self._path, found)
            if name is not None:
                groups.setdefault(name, []).append(each)
        self.missing = "" if groups else next((word for word, _ in faults if word in _NO_FILE), _ABSENT)
        for name in self._vanished({_shown(name) for name in groups}):
            groups[name] = []
        batches = []
        for name, files in groups.items():
            opened = self._opened(name, files, moment)
            opened.report.faults += [(word, _shown(path)) for word, path in faults if path in {f.path for f in files}]
            batches += self._settle(opened, moment)
        stray = [(word, _shown(path)) for word, path in faults if path not in found and word not in _NO_FILE]
        if stray:
            self.reports.setdefault(self._path, Report(source=self._path, path=self._path)).faults += stray
        return batches

    def _vanished(self, present: set[str]) -> Iterator[bytes]:
        """Yield the logs we have read of which no file is left."""
        for source, position in self._positions.items():
            shown = source.removeprefix(f"{self._origin.host}:")
            name = shown.encode()
            if "files" in position and shown not in present and series_name(name, self._path, (name,)) == name:
                yield name

    def _opened(self, name: bytes, files: Sequence[Found], moment: Moment) -> _Open:
        shown = _shown(name)
        source = f"{self._origin.host}:{shown}"
        stored = Series.read(self._positions.get(source))
        plan = plan_series(stored, name, files, now_ms=moment.received_ms, unseen=self._unseen)
        report = self.reports.setdefault(source, Report(source=source, path=shown))
        report.files = len(files)
        report.gaps += plan.series.gaps[len(plan.series.gaps) - (plan.series.gap_count - stored.gap_count) :]
        if self._dry:
            report.bytes += sum(want.found.size - (want.known.offset if want.known else 0) for want in plan.wants)
        opened = _Open(
            name=name,
            series=plan.series,
            stored=stored,
            wants=[] if self._dry else list(plan.wants),
            origin=replace(self._origin, source=source, path=shown),
            report=report,
        )
        self._open.append(opened)
        return opened

    def _read(self, opened: _Open, want: Want, size: int, frames: Sequence[Frame], moment: Moment) -> list[RawBatch]:
        if want not in opened.wants:
            return []
        data = next((frame for frame in frames if frame.word == "data" and frame.numbers(4)), None)
        words = [frame.arguments[0] for frame in frames if frame.word == "fault" and frame.arguments]
        if data is None:
            return self._lost_sight(opened, want, words, moment)
        overlap = want.known.tail if want.known else Print()
        if not overlap.fits(data.content):
            shorter = not want.found.packed and data.numbers(4)[2] < _offset(want)
            return self._lost_sight(opened, want, (), moment) if shorter else self._rewritten(opened, want, moment)
        whole = any(frame.word == "taken" for frame in frames)
        part = _Part(
            body=data.content[overlap.size :],
            before=data.content[: overlap.size],
            at_end=whole and len(data.content) < size,
            damaged="damaged" in words,
            stat=data.numbers(4),
            stamp="".join(data.arguments[4:5]),
        )
        return self._took(opened, want, part, moment)

    def _took(self, opened: _Open, want: Want, part: "_Part", moment: Moment) -> list[RawBatch]:
        quiet = want.found.packed or moment.host_seconds - part.stat[3] >= _QUIET_SECONDS
        ended = part.at_end and not want.live and not part.damaged and quiet
        lines = split_lines(part.body, ended=ended)
        after = _read_on(want, part, lines.consumed)
        opened.series = replace(opened.series.with_file(want.known, after), pulled_ms=moment.received_ms)
        if part.damaged:
            self._gap(opened, GapKind.DAMAGED, want, moment)
        place = opened.wants.index(want)
        opened.wants[place : place + 1] = [] if part.at_end else [replace(want, known=after)]
        opened.report.records += len(lines.records)
        opened.report.bytes += lines.consumed
        opened.report.cut += lines.cut
        origin = opened.origin if want.live else replace(opened.origin, reference_ms=want.found.changed * 1000)
        return [self._batch(opened, origin, lines.records, moment), *self._settle(opened, moment)]

    def _lost_sight(self, opened: _Open, want: Want, words: Sequence[str], moment: Moment) -> list[RawBatch]:
        """Look again when the file has another name by now; a file that can't be read is a fault."""
        told = [word for word in words if word != _VANISHED]
        opened.report.faults += [(word, _shown(want.found.path)) for word in told]
        opened.complete = False
        if told:
            opened.wants.remove(want)
        else:
            opened.wants.clear()
            self._look = True
            if self._looks >= _LOOKS:
                opened.report.faults.append((_MOVING, opened.report.path))
        return self._settle(opened, moment)

    def _rewritten(self, opened: _Open, want: Want, moment: Moment) -> list[RawBatch]:
        files = tuple(each for each in opened.series.files if each != want.known)
        opened.series = replace(opened.series, files=files)
        self._gap(opened, GapKind.REWRITTEN, want, moment)
        opened.wants[opened.wants.index(want)] = replace(want, known=None)
        return []

    def _gap(self, opened: _Open, kind: GapKind, want: Want, moment: Moment) -> None:
        path = _shown(want.found.path)
        gap = Gap(kind=kind, at_ms=moment.received_ms, since_ms=opened.stored.pulled_ms, path=path)
        opened.series = opened.series.with_gaps([gap])
        opened.report.gaps.append(gap)

    def _settle(self, opened: _Open, moment: Moment) -> list[RawBatch]:
        """Store a state that changed without bringing records, once nothing is left to read."""
        if opened.wants or self._dry:
            return []
        if opened.complete:
            opened.series = opened.series.settled()
        if replace(opened.series, pulled_ms=opened.stored.pulled_ms) == opened.stored:
            return []
        opened.series = replace(opened.series, pulled_ms=moment.received_ms)
        return [self._batch(opened, opened.origin, (), moment)]

    def _batch(self, opened: _Open, origin: Origin, records: tuple[bytes, ...], moment: Moment) -> RawBatch:
        opened.stored = opened.series
        self._positions[origin.source] = opened.series.document()
        return RawBatch(
            origin=origin, received_ms=moment.received_ms, records=records, position=opened.series.document()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What came of a file: `before` was read earlier; `stat` is device, inode, size and last change."""

    body: bytes
    before: bytes
    at_end: bool
    damaged: bool
    stat: tuple[int, ...]
    stamp: str


def _offset(want: Want) -> int:
    return want.known.offset if want.known else 0


def _overlap(want: Want) -> int:
    return want.known.tail.size if want.known else 0


def _expected_size(want: Want) -> int:
    """Return how many bytes there are to read, or may be."""
    if want.found.packed:
        return want.found.size * _PACKED_FACTOR + _ROOM_BYTES
    return max(want.found.size - _offset(want), 0) + _overlap(want) + _ROOM_BYTES


def _take(want: Want, size: int) -> TakeTask:
    return TakeTask(
        path=want.found.path,
        device=want.found.device,
        inode=want.found.inode,
        start=_offset(want) - _overlap(want),
        size=size,
    )


def _read_on(want: Want, part: _Part, consumed: int) -> Known:
    """Return what is known of a file after `consumed` bytes more."""
    offset = _offset(want) + consumed
    tail = (part.before + part.body[:consumed])[-TAIL_BYTES:]
    device, inode, size, changed = part.stat
    done = part.damaged or (part.at_end if want.found.packed else offset == size)
    head = print_of(want.found.head[: min(HEAD_BYTES, offset)]) if want.found.head else Print()
    return Known(
        file=f"{device}:{inode}",
        offset=offset,
        head=want.known.head if want.known and want.found.head is None else head,
        tail=print_of(tail),
        changed=changed,
        live=want.live,
        key=f"{device}:{inode}:{size}:{part.stamp}" if done else "",
    )


def _listed(frames: Sequence[Frame]) -> tuple[dict[bytes, Found], list[tuple[str, bytes]]]:
    """Return the files of a listing by path, and faults with the path they concern (empty: the folder)."""
    found: dict[bytes, Found] = {}
    faults: list[tuple[str, bytes]] = []
    path, told = b"", True
    for frame in frames:
        numbers = frame.numbers(4)
        if frame.word in ("name", "listed") and not told:
            faults.append((_SILENT, path))
        told = frame.word != "name"
        if frame.word == "name":
            path = frame.content
        elif frame.word == "file" and numbers and len(found) <= FILES:
            device, inode, size, changed = numbers
            stamp = "".join(frame.arguments[4:5])
            found[path] = Found(
                path=path, device=device, inode=inode, size=size, changed=changed, stamp=stamp, head=None
            )
        elif frame.word == "head" and path in found:
            found[path] = replace(found[path], head=frame.content)
        elif frame.word == "listed":
            path = b""
        elif frame.word == "fault" and frame.arguments and frame.arguments[0] != _VANISHED:
            faults.append((frame.arguments[0], path))
    return found, faults


def _shown(path: bytes) -> str:
    """Return a path as text that any document can hold."""
    return path.decode("utf-8", "backslashreplace")
