"""A segment that ends anywhere, or is damaged anywhere: every whole batch before that counts, and writing goes on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.siem.raw.batches import DIGEST_BYTES, FIRST_PREVIOUS, Decoder, TornBatch
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.raw.segments import _Frames
from sec_ops.siem.records import Place
from tests.unit.siem.raw.support import SetClock, all_records, batch_of

RECORDS = [b"first", b"second\nof two lines", b"", b"fourth \xff", b"last " * 50]
_SEGMENT = "raw/0001/000001.zst"


def killed_writer(folder: Path) -> list[int]:
    """Leave a log as a killed process does, and the state after each batch beside it; return the segment's sizes."""
    log = RawLog(folder, clock=SetClock())
    sizes = []
    for number, record in enumerate(RECORDS):
        log.append(batch_of(record, ids=[str(number)], position={"at": number}))
        sizes.append((folder / _SEGMENT).stat().st_size)
        (folder / "states" / str(number)).mkdir(parents=True)
        for path in folder.glob("state.db*"):
            shutil.copy(path, folder / "states" / str(number))
    assert log._writer
    log._writer.abandon()
    log._state.close()
    return sizes


def cut_copy(whole: Path, folder: Path, cut: int, state: int | None) -> None:
    """Copy a log with its segment cut off, and the state as it was after a batch."""
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("state*"))
    with (folder / _SEGMENT).open("r+b") as segment:
        segment.truncate(cut)
    for path in (whole / "states" / str(state)).glob("*"):
        shutil.copy(path, folder)


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


def test_cut_off_anywhere_with_the_state_lost(tmp_path: Path) -> None:
    sizes = killed_writer(tmp_path / "whole")
    cuts = {*range(sizes[0], sizes[-1], 11), *sizes, *(size - 1 for size in sizes[1:])}
    for cut in sorted(cuts):
        cut_copy(tmp_path / "whole", tmp_path / str(cut), cut, None)
        check(tmp_path / str(cut), sum(size <= cut for size in sizes))


@pytest.mark.parametrize("state", range(len(RECORDS)))
def test_cut_off_behind_what_the_state_knows(tmp_path: Path, state: int) -> None:
    sizes = killed_writer(tmp_path / "whole")
    for cut in sorted({sizes[state], (sizes[state] + sizes[-1]) // 2, sizes[-1] - 1, sizes[-1]}):
        if cut >= sizes[state]:
            cut_copy(tmp_path / "whole", tmp_path / str(cut), cut, state)
            check(tmp_path / str(cut), sum(size <= cut for size in sizes))


def test_damaged_anywhere_behind_the_acknowledged(tmp_path: Path) -> None:
    sizes = killed_writer(tmp_path / "whole")
    acknowledged = 3
    for position in range(sizes[acknowledged - 1], sizes[-1], 5):
        folder = tmp_path / str(position)
        cut_copy(tmp_path / "whole", folder, sizes[-1], None)
        with (folder / _SEGMENT).open("r+b") as segment:
            segment.seek(position)
            byte = segment.read(1)
            segment.seek(position)
            segment.write(bytes([byte[0] ^ 0x55]))
        check(folder, acknowledged)


def test_a_stream_that_lost_acknowledged_batches_is_not_gone_on_with(tmp_path: Path) -> None:
    sizes = killed_writer(tmp_path / "whole")
    cut_copy(tmp_path / "whole", tmp_path / "cut", sizes[1], 4)
    with RawLog.open(tmp_path / "cut", clock=SetClock()) as log:
        assert log.append(batch_of(b"new")).place == Place("0002", 1)


def test_every_batch_is_checked_even_the_last(tmp_path: Path) -> None:
    killed_writer(tmp_path)
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
