"""A store in memory and sessions that join lines which begin with a blank to the line before."""

from collections.abc import Mapping, Sequence

from sec_ops.siem.events import DATASET, RECORD, Row
from sec_ops.siem.records import Origin, Place, RawBatch
from sec_ops.siem.storing import Commit


class MemoryStore:
    """Keeps rows and commits, or refuses them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.commits: dict[str, Commit] = {}
        self.appended: list[int] = []
        self.refusal: Exception | None = None
        self.maintained = 0

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        if self.refusal:
            raise self.refusal
        known = self.commits.get(commit.stream)
        pending = {**(known.pending if known else {}), **commit.pending}
        self.rows += rows
        self.appended.append(len(rows))
        kept = {source: held for source, held in pending.items() if held}
        self.commits[commit.stream] = Commit(stream=commit.stream, sequence=commit.sequence, pending=kept)

    def maintain(self) -> None:
        self.maintained += 1
        if self.refusal:
            raise self.refusal

    def committed(self) -> Mapping[str, Commit]:
        return self.commits

    @property
    def messages(self) -> list[str]:
        return [str(row.event["message"]) for row in self.rows]


class JoiningSession:
    """One event a line, with the lines after it that begin with a blank."""

    def __init__(self, origin: Origin, pending: bytes) -> None:
        self._origin = origin
        self._held = pending

    def feed(self, place: Place, batch: RawBatch) -> Sequence[Row]:
        rows: list[Row] = []
        for record in batch.records:
            if record.startswith(b" ") and self._held:
                self._held += b"|" + record
                continue
            rows += self.flush()
            self._held = record
            self._place = place
        return rows

    def flush(self) -> Sequence[Row]:
        if not self._held:
            return ()
        held, self._held = self._held, b""
        place = getattr(self, "_place", Place("?", 0))
        dataset = "unparsed" if held.startswith(b"?") else "lines"
        text = held.decode(errors="backslashreplace")
        event = {"message": text, DATASET: dataset, RECORD: place.record(0), "who": self._origin.source}
        return [Row(event, place, 0)]

    def pending(self) -> bytes:
        return self._held


def joining(origin: Origin, pending: bytes = b"") -> JoiningSession:
    """Make such a session."""
    return JoiningSession(origin, pending)


class _LineSession(JoiningSession):
    def feed(self, place: Place, batch: RawBatch) -> Sequence[Row]:
        return [*super().feed(place, batch), *self.flush()]


def line_by_line(origin: Origin, pending: bytes = b"") -> JoiningSession:
    """Make a session that holds nothing back."""
    return _LineSession(origin, pending)
