"""Sealed, verified, removed: nothing of the raw log changes or goes without it showing in the evidence log."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from sec_ops.evidence.log import EvidenceLog, init_log, open_evidence
from sec_ops.model.evidence import LogSegment
from sec_ops.siem.raw.layout import segment_numbers, segment_path
from sec_ops.siem.raw.log import Limits, RawLog
from sec_ops.siem.raw.removal import removable, remove
from sec_ops.siem.raw.sealing import seal_raw
from sec_ops.siem.raw.verifying import RawVerdict, verify_raw
from sec_ops.transport.process import run_program
from tests.unit.siem.raw.support import START_MS, SetClock, all_records, batch_of

_DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "evidence"
    init_log(folder, origin="test.example", clock=SetClock(), randomness=secrets.token_bytes, run_program=run_program)
    return folder


@pytest.fixture
def evidence(made: Path, tmp_path: Path) -> Iterator[EvidenceLog]:
    folder = Path(shutil.copytree(made, tmp_path / "evidence"))
    with open_evidence(folder, clock=SetClock(), randomness=secrets.token_bytes, run_program=run_program) as log:
        yield log


def write(folder: Path, clock: SetClock, *records: bytes) -> None:
    """Append each record as a batch; ten bytes fill a segment."""
    with RawLog.open(folder, clock=clock, limits=Limits(record_bytes=10)) as log:
        for record in records:
            log.append(batch_of(record, received_ms=int(clock.now().timestamp() * 1000)))


def verdict(folder: Path, evidence: EvidenceLog) -> RawVerdict:
    return verify_raw(folder, evidence.entries())


def faults(folder: Path, evidence: EvidenceLog) -> list[tuple[int, str]]:
    return [(fault.segment, str(fault.reason)) for fault in verdict(folder, evidence).faults]


def test_segments_are_sealed_once_and_open_ones_as_they_grow(tmp_path: Path, evidence: EvidenceLog) -> None:
    clock = SetClock()
    write(tmp_path, clock, b"0123456789", b"0123456789", b"open")
    assert seal_raw(tmp_path, evidence) == 3
    assert seal_raw(tmp_path, evidence) == 0
    write(tmp_path, clock, b"more")
    assert seal_raw(tmp_path, evidence) == 1
    for path in tmp_path.glob("state.db*"):
        path.unlink()
    RawLog(tmp_path, clock=clock).close()
    assert seal_raw(tmp_path, evidence) == 0
    seals = [LogSegment.model_validate(each.data) for each in evidence.entries() if each.kind == LogSegment.kind]
    assert [(each.segment, each.last, each.closed, each.records) for each in seals] == [
        (1, 1, True, 1),
        (2, 2, True, 1),
        (3, 3, False, 0),
        (3, 4, False, 0),
    ]
    found = verdict(tmp_path, evidence)
    assert (found.streams, found.segments, found.batches, found.records, found.sealed) == (1, 3, 4, 4, 4)
    assert not found.faults
    assert not found.torn


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the plain bytes of a segment and compress them anew."""
    with path.open("rb") as file:
        plain = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    path.write_bytes(zstandard.ZstdCompressor().compress(change(plain)))


def test_what_was_changed_afterwards_shows(tmp_path: Path, evidence: EvidenceLog) -> None:
    write(tmp_path, SetClock(), b"0123456789", b"0123456789", b"open")
    seal_raw(tmp_path, evidence)
    stream = tmp_path / "raw" / "0001"
    rewritten(segment_path(stream, 1), lambda plain: plain.replace(b"012345", b"012346"))
    assert [segment for segment, _ in faults(tmp_path, evidence)] == [1, 2]


@pytest.mark.parametrize(
    ("number", "reason"), [(1, "gone"), (2, "does not follow"), (3, "gone")], ids=["first", "middle", "last"]
)
def test_what_was_taken_away_shows(tmp_path: Path, evidence: EvidenceLog, number: int, reason: str) -> None:
    write(tmp_path, SetClock(), b"0123456789", b"0123456789", b"open")
    seal_raw(tmp_path, evidence)
    segment_path(tmp_path / "raw" / "0001", number).unlink()
    assert any(reason in text for _, text in faults(tmp_path, evidence))
    assert any("gone" in text for _, text in faults(tmp_path, evidence))


def test_a_chain_made_anew_does_not_match_its_seals(tmp_path: Path, evidence: EvidenceLog) -> None:
    write(tmp_path / "real", SetClock(), b"0123456789", b"open")
    seal_raw(tmp_path / "real", evidence)
    write(tmp_path / "forged", SetClock(), b"0123456780", b"open")
    assert [text for _, text in faults(tmp_path / "forged", evidence)] == [
        "up to batch 1 it is not what was sealed",
        "up to batch 2 it is not what was sealed",
    ]


def test_old_segments_go_and_what_is_left_still_adds_up(tmp_path: Path, evidence: EvidenceLog) -> None:
    clock = SetClock()
    write(tmp_path, clock, b"0123456789", b"old")
    clock.moment += timedelta(days=1)
    write(tmp_path, clock, b"new")
    before = START_MS + _DAY_MS
    assert [each.segment for each in removable(tmp_path, before, {"0001": 3}, clock)] == [1, 2]
    assert [each.segment for each in removable(tmp_path, before, {"0001": 1}, clock)] == [1]
    assert removable(tmp_path, before, {}, clock) == []
    assert removable(tmp_path, START_MS, {"0001": 3}, clock) == []
    removed = remove(tmp_path, removable(tmp_path, before, {"0001": 3}, clock), evidence)
    assert [(each.segment, each.records) for each in removed] == [(1, 1), (2, 1)]
    assert all_records(tmp_path) == [b"new"]
    assert not verdict(tmp_path, evidence).faults
    write(tmp_path, clock, b"newer")
    seal_raw(tmp_path, evidence)
    assert not verdict(tmp_path, evidence).faults


def test_a_stream_that_has_ended_can_go_wholly_and_goes_on_with_its_numbers(
    tmp_path: Path, evidence: EvidenceLog
) -> None:
    clock = SetClock()
    write(tmp_path, clock, b"a", b"b")
    clock.moment += timedelta(days=300)
    old = removable(tmp_path, START_MS + _DAY_MS, {"0001": 2}, clock)
    remove(tmp_path, old, evidence)
    assert all_records(tmp_path) == []
    assert segment_numbers(tmp_path / "raw" / "0001") == [2]
    for path in tmp_path.glob("state.db*"):
        path.unlink()
    with RawLog.open(tmp_path, clock=clock) as log:
        place = log.append(batch_of(b"c")).place
    assert place
    assert (place.stream, place.sequence) == ("0001", 3)
    assert not verdict(tmp_path, evidence).faults


def test_records_with_a_clock_set_back_are_not_old(tmp_path: Path) -> None:
    clock = SetClock()
    with RawLog.open(tmp_path, clock=clock, limits=Limits(record_bytes=1)) as log:
        log.append(batch_of(b"now"))
        log.append(batch_of(b"1970", received_ms=5))
        log.append(batch_of(b"last"))
        assert removable(tmp_path, START_MS, {"0001": 9}, clock) == []


def test_a_stream_that_is_written_is_left_alone(tmp_path: Path) -> None:
    clock = SetClock()
    with RawLog.open(tmp_path, clock=clock) as log:
        log.append(batch_of(b"old"))
        assert removable(tmp_path, START_MS + _DAY_MS, {"0001": 9}, clock) == []
    clock.moment += timedelta(days=2)
    assert len(removable(tmp_path, START_MS + _DAY_MS, {"0001": 9}, clock)) == 1
