"""A segment that ends anywhere, or is damaged anywhere: every whole batch before that counts, and writing goes on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.siem.raw.batches import DIGEST_BYTES, FIRST_PREVIOUS, Decoder, TornBatch
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.raw.segments import SegmentReader, _Frames
from tests.unit.siem.raw.support import SetClock, all_records, batch_of

RECORDS = [b"first", b"second\nof two lines", b"", b"fourth \xff", b"last " * 50]
_SEGMENT = "raw/0001/000001.zst"


def killed_writer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Leave a log as a killed process does; return the segment's size after each acknowledged batch."""
    log = RawLog(folder, clock=SetClock())
    sizes = []
    for number, record in enumerate(RECORDS):
        log.append(batch_of(record, ids=[str(number)], position={"at": number}))
        sizes.append((folder / _SEGMENT).stat().st_size)
    assert log._writer
    log._writer.abandon()
    log._state.close()
    return sizes


def check(folder: Path, acknowledged: int) -> None:
    """Everything acknowledged is there once, and the log goes on, however often it is opened."""
    for name in ("new", "newer"):
        with RawLog.open(folder, clock=SetClock()) as log:
            position = log.position("host:/log")
            assert (position["at"] if position else -1) >= acknowledged - 1
            for number, record in enumerate(RECORDS):
                log.append(batch_of(record, ids=[str(number)], position={"at": number}))
            log.append(batch_of(name.encode()))
    found = all_records(folder)
    assert sorted(found) == sorted([*RECORDS, b"new", b"newer"])
    assert found[:acknowledged] == RECORDS[:acknowledged]


@pytest.mark.parametrize("state", ["kept", "lost"])
def test_cut_off_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    sizes = killed_writer(tmp_path / "whole", monkeypatch)
    header = SegmentReader(tmp_path / "whole" / _SEGMENT)
    header.close()
    for cut in range(sizes[0], sizes[-1] + 1, 3):
        folder = tmp_path / str(cut)
        shutil.copytree(tmp_path / "whole", folder)
        with (folder / _SEGMENT).open("r+b") as segment:
            segment.truncate(cut)
        # What is known is never ahead of what is on disk, so a cut that takes acknowledged batches takes it too.
        if state == "lost" or cut < sizes[-1]:
            for path in folder.glob("state.db*"):
                path.unlink()
        check(folder, sum(size <= cut for size in sizes))
        shutil.rmtree(folder)


def test_damaged_anywhere_behind_the_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = killed_writer(tmp_path / "whole", monkeypatch)
    acknowledged = 3
    for position in range(sizes[acknowledged - 1], sizes[-1], 5):
        folder = tmp_path / str(position)
        shutil.copytree(tmp_path / "whole", folder, ignore=lambda *_: ["state.db", "state.db-wal", "state.db-shm"])
        with (folder / _SEGMENT).open("r+b") as segment:
            segment.seek(position)
            byte = segment.read(1)
            segment.seek(position)
            segment.write(bytes([byte[0] ^ 0x55]))
        check(folder, acknowledged)
        shutil.rmtree(folder)


def test_every_batch_is_checked_even_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_writer(tmp_path, monkeypatch)
    plain = b"".join(_plain(tmp_path / _SEGMENT))
    start = plain.index(b"\n") + 1
    assert len(list(_decoder().feed(plain[start:]))) == len(RECORDS)
    changed = plain[:-DIGEST_BYTES] + bytes(DIGEST_BYTES)
    with pytest.raises(TornBatch):
        list(_decoder().feed(changed[start:]))
    for end in range(start, len(plain)):
        assert len(list(_decoder().feed(plain[start:end]))) < len(RECORDS)


def _decoder() -> Decoder:
    return Decoder(previous=FIRST_PREVIOUS, sequence=0)


def _plain(path: Path) -> Iterator[bytes]:
    frames = _Frames()
    yield frames.feed(path.read_bytes())
