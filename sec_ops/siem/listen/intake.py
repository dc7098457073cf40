"""From receiving to disk: what came is gathered, committed in groups, and only then acknowledged.

Doors hand over in the event loop; one thread writes. While it writes, more gathers, so that the groups grow with the
load by themselves. Memory is bounded: past the bound the doors stop reading, and TCP makes their senders wait.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sec_ops.model.errors import SecOpsError
from sec_ops.model.protocols import Clock
from sec_ops.siem.listen.counts import Counts
from sec_ops.siem.raw.log import Appended
from sec_ops.siem.records import Origin, RawBatch

__all__ = ["Delivery", "Intake", "Raw", "Valve"]

HELD_BYTES = 64 * 1024 * 1024
"""What is held in memory before the doors stop reading."""
GATHER_SECONDS = 0.05
"""How long what nobody waits for is gathered before it is written."""
RETRY_SECONDS = 1.0
_RECORD_BYTES = 64
"""What a record costs in memory beside its bytes."""
_BATCH_BYTES = 4 * 1024 * 1024


class Raw(Protocol):
    """What is asked of the raw log."""

    def append_many(self, batches: Sequence[RawBatch]) -> Sequence[Appended]:
        """Return once all batches are on disk; raises SecOpsError when they can't be."""
        ...


class Valve(Protocol):
    """A door that can stop reading for a while."""

    def shut(self) -> None:
        """Stop reading."""
        ...

    def open(self) -> None:
        """Read again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Records of one origin that came together.

    `settled` is told in the event loop what became of them, None when they could not be written; then the sender has
    to send them again. Without it nobody can be told, and they are tried until they are written.
    """

    origin: Origin
    records: Sequence[bytes]
    counts: Counts
    received_ms: int
    ids: Sequence[str | None] = ()
    settled: Callable[[Appended | None], None] | None = None

    @property
    def cost(self) -> int:
        """Return the bytes they take in memory, about."""
        return sum(map(len, self.records)) + len(self.records) * _RECORD_BYTES


@dataclass(slots=True)
class _Group:
    """Deliveries that make one batch."""

    deliveries: list[Delivery]
    cost: int

    def batch(self) -> RawBatch:
        first = self.deliveries[0]
        records = [record for each in self.deliveries for record in each.records]
        return RawBatch(
            origin=first.origin, received_ms=first.received_ms, records=tuple(records), ids=tuple(first.ids)
        )


class Intake:
    """Gathers, commits and tells; made and used in the event loop, with one thread of its own."""

    def __init__(self, raw: Raw, clock: Clock, loop: asyncio.AbstractEventLoop, held_bytes: int = HELD_BYTES) -> None:
        self._raw = raw
        self._clock = clock
        self._loop = loop
        self._held_bytes = held_bytes
        self._waiting: deque[Delivery] = deque()
        self._held = 0
        self._urgent = False
        self._ending = False
        self._valves: set[Valve] = set()
        self._shut = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="raw log")
        self.trouble: SecOpsError | None = None
        """Why the last attempt to write failed, None when it did not."""
        self.lost = 0
        """Records that could not be written before the end."""
        self.crashed: asyncio.Future[None] = loop.create_future()
        """Fails with what ended the writing thread before its time."""
        self._thread.start()

    @property
    def held(self) -> int:
        """Return the bytes that are in memory and not on disk."""
        return self._held

    def now_ms(self) -> int:
        """Return the present in milliseconds since 1970."""
        return int(self._clock.now().timestamp() * 1000)

    def put(self, delivery: Delivery) -> None:
        """Take a delivery; never blocks."""
        cost = delivery.cost
        with self._changed:
            self._held += cost
            self._waiting.append(delivery)
            self._urgent = self._urgent or delivery.settled is not None
            if len(self._waiting) == 1 or delivery.settled is not None:
                self._changed.notify()
        if self._held > self._held_bytes and not self._shut:
            self._shut = True
            for valve in list(self._valves):
                valve.shut()

    def add(self, valve: Valve) -> None:
        """Let a door be shut when too much is held."""
        self._valves.add(valve)
        if self._shut:
            valve.shut()

    def remove(self, valve: Valve) -> None:
        """Forget a door that has closed."""
        self._valves.discard(valve)

    async def drain(self) -> None:
        """Write all that was taken, and end."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)

    def _run(self) -> None:
        try:
            while deliveries := self._gathered():
                left = self._commit(deliveries)
                if left:
                    self._try_again(left)
        except Exception as error:  # noqa: BLE001 - it goes up to the command's one handler
            self._loop.call_soon_threadsafe(self.crashed.set_exception, error)

    def _gathered(self) -> list[Delivery]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            if not self._urgent and not self._ending:
                self._changed.wait_for(lambda: self._urgent or self._ending, timeout=GATHER_SECONDS)
            gathered = list(self._waiting)
            self._waiting.clear()
            self._urgent = False
        return gathered

    def _commit(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Write deliveries; return those that have to be tried again."""
        groups = _grouped(deliveries)
        try:
            appended = self._raw.append_many([group.batch() for group in groups])
        except SecOpsError as error:
            self.trouble = error
            told = [each for each in deliveries if each.settled]
            self._loop.call_soon_threadsafe(self._failed, told)
            return [each for each in deliveries if not each.settled]
        self.trouble = None
        self._loop.call_soon_threadsafe(self._settled, groups, appended)
        return []

    def _try_again(self, deliveries: Sequence[Delivery]) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(deliveries))
            if self._ending:
                self._waiting.clear()
                self.lost = sum(len(each.records) for each in deliveries)
                return
            self._changed.wait_for(lambda: self._ending, timeout=RETRY_SECONDS)

    def _settled(self, groups: Sequence[_Group], appended: Sequence[Appended]) -> None:
        for group, kept in zip(groups, appended, strict=True):
            self._held -= group.cost
            for delivery in group.deliveries:
                counts = delivery.counts
                counts.duplicates += len(kept.known)
                counts.messages += len(delivery.records) - len(kept.known)
                counts.bytes += sum(map(len, delivery.records))
                if delivery.settled:
                    delivery.settled(kept)
        self._open_if_low()

    def _failed(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._held -= delivery.cost
            delivery.counts.failed += len(delivery.records)
            if delivery.settled:
                delivery.settled(None)
        self._open_if_low()

    def _open_if_low(self) -> None:
        if self._shut and self._held < self._held_bytes // 2:
            self._shut = False
            for valve in list(self._valves):
                valve.open()


def _grouped(deliveries: Sequence[Delivery]) -> list[_Group]:
    """Return the deliveries by origin, in their order; one with ids stands alone, and no group grows too large."""
    groups: list[_Group] = []
    open_groups: dict[Origin, _Group] = {}
    for delivery in deliveries:
        cost = delivery.cost
        group = None if delivery.ids else open_groups.get(delivery.origin)
        if group is None or group.cost > _BATCH_BYTES:
            group = _Group([], 0)
            groups.append(group)
            if not delivery.ids:
                open_groups[delivery.origin] = group
        group.deliveries.append(delivery)
        group.cost += cost
    return groups
