"""A fleet in memory: scripted answers by host, through the same door as real ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.model.errors import ConnectionLost, DeadlineExceeded, NameUnknown, OutputExceeded, TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.transport.clock_offset import clock_offset_ms
from sec_ops.transport.values import Privilege, Reply, Target

__all__ = ["Answer", "FakeFleet"]

OUTPUT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a host does: says `output`, takes `elapsed_ms`, ends with `exit_code` (None: goes away), or fails first."""

    output: bytes = b""
    exit_code: int | None = 0
    elapsed_ms: int = 1
    failure: TransportError | None = None


class FakeFleet:
    """A `RunScript` without any host; `asked` keeps what each target was sent.

    Bounds and deadlines hold as on a real host. A target without an answer has no address.
    """

    def __init__(self, answers: Mapping[str, Answer], *, clock: Clock, output_bytes: int = OUTPUT_BYTES) -> None:
        self.asked: list[tuple[Target, bytes]] = []
        self._answers = answers
        self._clock = clock
        self._output_bytes = output_bytes

    def __call__(self, targets: Sequence[Target], script: bytes) -> Iterator[Reply]:
        """Yield one reply for each target, the quickest first."""
        for target in sorted(targets, key=self._elapsed_ms):
            self.asked.append((target, b"" if target.privilege is Privilege.PINNED else script))
            yield self._reply(target)

    def _elapsed_ms(self, target: Target) -> int:
        answer = self._answers.get(target.name)
        return answer.elapsed_ms if answer else 0

    def _reply(self, target: Target) -> Reply:
        answer = self._answers.get(target.name, Answer(failure=_unknown(target)))
        error = self._error(target, answer)
        output = b"" if answer.failure else answer.output[: self._output_bytes]
        return Reply(
            target=target,
            output=output,
            error=error,
            elapsed_ms=min(answer.elapsed_ms, int(target.deadline_seconds * 1000)),
            clock_offset_ms=clock_offset_ms(output, self._clock.now()),
            privilege=target.privilege,
            exit_code=None if error else answer.exit_code,
        )

    def _error(self, target: Target, answer: Answer) -> TransportError | None:
        if answer.failure:
            return answer.failure
        if len(answer.output) > self._output_bytes:
            bound = self._output_bytes
            return OutputExceeded(message("{host}: it sent more than {bound} bytes", host=target.name, bound=bound))
        if answer.elapsed_ms > target.deadline_seconds * 1000:
            seconds = target.deadline_seconds
            return DeadlineExceeded(
                message("{host}: not done within its {seconds} s", host=target.name, seconds=seconds)
            )
        if answer.exit_code is None:
            return ConnectionLost(
                message("{host}: the connection ended before the host had said all", host=target.name)
            )
        return None


def _unknown(target: Target) -> NameUnknown:
    return NameUnknown(message("{host}: the name {address} has no address", host=target.name, address=target.address))
