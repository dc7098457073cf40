"""One host's pull: its works share each visit, and an answer is stored before the next visit is planned."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sec_ops.model.errors import TransportError
from sec_ops.siem.collect.frames import read_frames
from sec_ops.siem.collect.script import pull_script
from sec_ops.siem.collect.works import Asked, Moment, Report, Work
from sec_ops.siem.records import RawBatch
from sec_ops.transport.values import Reply, Target

__all__ = ["VISIT_BYTES", "HostPull"]

VISIT_BYTES = 8_388_608
"""Bytes of logs that one visit brings at most; the rest comes by further visits of the same pull."""
_FUTILE = 3


@dataclass(slots=True, kw_only=True)
class HostPull:
    """The pull of one host. It ends with an error, a visit cut short, or nothing more to ask."""

    target: Target
    works: Sequence[Work]
    visit_bytes: int = VISIT_BYTES
    error: TransportError | None = None
    whole: bool = True
    visits: int = 0
    clock_offset_ms: int | None = None
    elapsed_ms: int = 0
    _asked: list[Asked] = field(default_factory=list)
    _nonce: str = ""
    _futile: int = 0

    def next_script(self, nonce: str) -> bytes | None:
        """Return the script of the next visit, None when there is nothing more to ask or to hope for."""
        if self.error is not None or not self.whole:
            return None
        self._asked, self._nonce = list(self._tasks()), nonce
        if self._asked and self._futile >= _FUTILE:
            self.whole = False
            return None
        return pull_script([task for task, _ in self._asked], nonce=nonce) if self._asked else None

    def take(self, reply: Reply, received_ms: int, store: Callable[[RawBatch], object]) -> None:
        """Take in a reply: store what came of it, batch by batch."""
        frames = read_frames(reply.output, nonce=self._nonce)
        self.visits += 1
        self.elapsed_ms += reply.elapsed_ms
        self.error = reply.error
        self.clock_offset_ms = self.clock_offset_ms if reply.clock_offset_ms is None else reply.clock_offset_ms
        self.whole = frames.whole
        moment = Moment(received_ms=received_ms, host_seconds=frames.epoch)
        stored = 0
        for number, (_, answer) in enumerate(self._asked):
            own = [frame for frame in frames.frames if frame.task == number]
            if own:
                for batch in answer(own, moment):
                    store(batch)
                    stored += 1
        looked = any(frame.word == "listed" for frame in frames.frames)
        self._futile = 0 if stored or looked else self._futile + 1

    @property
    def reports(self) -> list[Report]:
        """Return what each source brought."""
        return [report for work in self.works for report in work.reports.values()]

    def _tasks(self) -> Iterator[Asked]:
        room = self.visit_bytes
        for work in self.works:
            for task, answer in work.ask(room):
                room -= getattr(task, "size", 0)
                yield task, answer
