"""Nothing is told as taken before it is on disk; memory is bounded; what can't be told is tried again."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.listen import intake as module
from sec_ops.siem.listen.counts import Counts
from sec_ops.siem.listen.intake import Delivery, Intake
from sec_ops.siem.records import Origin, Transport
from tests.unit.siem.listen.support import FakeRaw, until

ORIGIN = Origin(source="a:relp", transport=Transport.RELP)
OTHER = Origin(source="b:relp", transport=Transport.RELP)


def delivery(*records: bytes, counts: Counts, settled: Callable[[Any], None] | None = None, **other: Any) -> Delivery:
    given = {"origin": ORIGIN, "received_ms": 1, **other}
    return Delivery(records=records, counts=counts, settled=settled, **given)


class Door:
    def __init__(self) -> None:
        self.shuts = 0

    def shut(self) -> None:
        self.shuts += 1

    def open(self) -> None:
        self.shuts -= 1


def run(test: Callable[[FakeRaw, Intake], Any], held_bytes: int = 10_000) -> FakeRaw:
    raw = FakeRaw()

    async def main() -> None:
        intake = Intake(raw, SystemClock(), asyncio.get_running_loop(), held_bytes)
        try:
            await test(raw, intake)
        finally:
            raw.gate.set()
            await intake.drain()

    asyncio.run(main())
    return raw


def test_told_only_once_it_is_on_disk() -> None:
    async def test(raw: FakeRaw, intake: Intake) -> None:
        told: list[Any] = []
        raw.gate.clear()
        intake.put(delivery(b"one", counts=Counts(), settled=told.append))
        await asyncio.sleep(0.1)
        assert told == []
        raw.gate.set()
        await until(lambda: told)
        assert raw.records == [b"one"]

    run(test)


def test_what_comes_while_it_writes_is_one_commit() -> None:
    async def test(raw: FakeRaw, intake: Intake) -> None:
        counts = Counts()
        told: list[Any] = []
        raw.gate.clear()
        intake.put(delivery(b"first", counts=counts, settled=told.append))
        await asyncio.sleep(0.05)
        for number in range(100):
            origin = OTHER if number % 2 else ORIGIN
            intake.put(delivery(b"%d" % number, counts=counts, settled=told.append, origin=origin))
        raw.gate.set()
        await until(lambda: len(told) == 101)
        assert raw.commits == 2
        assert [len(batch.records) for batch in raw.batches] == [1, 50, 50]
        assert raw.batches[1].records == tuple(b"%d" % number for number in range(0, 100, 2))
        assert (counts.messages, counts.bytes, intake.held) == (101, 5 + 190, 0)

    run(test)


def test_documents_with_ids_stand_alone_and_are_kept_once() -> None:
    async def test(raw: FakeRaw, intake: Intake) -> None:
        counts = Counts()
        told: list[Any] = []
        for _ in range(2):
            intake.put(delivery(b"x", b"y", counts=counts, settled=told.append, ids=("1", "2")))
        await until(lambda: len(told) == 2)
        assert [each.known for each in told] == [(), (0, 1)]
        assert (counts.messages, counts.duplicates) == (2, 2)

    run(test)


def test_a_full_disk_hands_back_what_can_be_sent_again_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)

    async def test(raw: FakeRaw, intake: Intake) -> None:
        counts = Counts()
        told: list[Any] = []
        raw.failing = True
        intake.put(delivery(b"plain", counts=counts))
        intake.put(delivery(b"acknowledged", counts=counts, settled=told.append))
        await until(lambda: told)
        assert told == [None]
        assert str(intake.trouble) == "no space left"
        raw.failing = False
        await until(lambda: raw.records)
        await until(lambda: intake.held == 0)
        assert intake.trouble is None
        assert (counts.messages, counts.failed) == (1, 1)

    assert run(test).records == [b"plain"]


def test_what_can_not_be_written_at_the_end_is_counted() -> None:
    lost = []

    async def test(raw: FakeRaw, intake: Intake) -> None:
        raw.failing = True
        intake.put(delivery(b"one", b"two", counts=Counts()))
        await intake.drain()
        lost.append(intake.lost)

    run(test)
    assert lost == [2]


def test_doors_are_shut_while_too_much_is_held() -> None:
    async def test(raw: FakeRaw, intake: Intake) -> None:
        first, late, counts = Door(), Door(), Counts()
        intake.add(first)
        raw.gate.clear()
        for _ in range(3):
            intake.put(delivery(b"x" * 5_000, counts=counts))
        assert first.shuts == 1
        intake.add(late)
        assert late.shuts == 1
        intake.remove(late)
        raw.gate.set()
        await until(lambda: first.shuts == 0)
        assert (late.shuts, counts.messages) == (1, 3)

    run(test)


def test_a_fault_of_ours_ends_the_listening() -> None:
    async def test(raw: FakeRaw, intake: Intake) -> None:
        raw.broken = True
        intake.put(delivery(b"x", counts=Counts()))
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(intake.crashed, 5)

    run(test)


def test_all_is_written_before_the_end() -> None:
    async def test(raw: FakeRaw, intake: Intake) -> None:
        for number in range(50):
            intake.put(delivery(b"%d" % number, counts=Counts()))

    assert run(test).records == [b"%d" % number for number in range(50)]
