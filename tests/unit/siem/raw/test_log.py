"""The raw log: what is appended is read back, in order, by place; ids once; positions beside the data."""

import os
import threading
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.siem.raw.layout import segment_numbers, segment_path, stream_names
from sec_ops.siem.raw.log import Limits, RawLog
from sec_ops.siem.raw.reading import Cursor, read_record, read_stream
from sec_ops.siem.raw.segments import SegmentWriter
from sec_ops.siem.raw.state import State
from sec_ops.siem.records import Origin, Place, RawBatch, Transport
from tests.unit.siem.raw.support import SetClock, all_records, batch_of, everything

RECORDS = st.lists(st.binary(max_size=40) | st.sampled_from([b"", b"\n", b"a\nb", b"\r\n", b"\0"]), max_size=6)
TEXTS = st.text(max_size=8) | st.just("\udcff")


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(st.lists(RECORDS, min_size=1, max_size=3), max_size=4), source=TEXTS)
def test_whatever_is_appended_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[list[bytes]]], source: str
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    expected = []
    for number, group in enumerate(groups):
        batches = [batch_of(*records, source=source, position={"at": number}) for records in group]
        with RawLog.open(folder, clock=SetClock()) as log:
            expected += [(each.place, each.batch) for each in log.append_many(batches)]
    assert everything(folder) == expected
    assert [place.sequence for place, _ in expected if place] == list(range(1, len(expected) + 1))


def test_an_origin_comes_back_whole(tmp_path: Path) -> None:
    origin = Origin(
        source="s", transport=Transport.IMPORT, host="h", unit="u", peer="p", parser="x", dataset="d", path="/p",
        encoding="gb18030", zone="Asia/Shanghai", reference_ms=0,
    )  # fmt: skip
    batch = RawBatch(origin=origin, received_ms=5, records=(b"r",), ids=("a",), position={"offset": 1, "name": "日志"})
    with RawLog.open(tmp_path, clock=SetClock()) as log:
        log.append(batch)
    assert everything(tmp_path) == [(Place("0001", 1), batch)]
    assert read_record(tmp_path, "0001/1/0") == b"r"
    assert read_record(tmp_path, "0001/1/1") is None
    assert read_record(tmp_path, "0001/2/0") is None


def test_a_batch_without_records_and_position_takes_no_place(tmp_path: Path) -> None:
    with RawLog.open(tmp_path, clock=SetClock()) as log:
        assert log.append(batch_of()).place is None
        assert log.append(batch_of(position={"at": 1})).place == Place("0001", 1)


def test_processes_take_streams_of_their_own_and_go_on_with_free_ones(tmp_path: Path) -> None:
    clock = SetClock()
    with RawLog.open(tmp_path, clock=clock) as first, RawLog.open(tmp_path, clock=clock) as second:
        assert first.append(batch_of(b"1")).place == Place("0001", 1)
        assert second.append(batch_of(b"2")).place == Place("0002", 1)
    with RawLog.open(tmp_path, clock=clock) as third:
        assert third.append(batch_of(b"3")).place == Place("0001", 2)
    assert segment_numbers(tmp_path / "raw" / "0001") == [1]


def test_a_segment_ends_with_its_day_and_its_size(tmp_path: Path) -> None:
    clock = SetClock()
    with RawLog.open(tmp_path, clock=clock, limits=Limits(record_bytes=10)) as log:
        log.append(batch_of(b"12345"))
        log.append(batch_of(b"67890"))
        log.append(batch_of(b"next"))
        clock.moment += timedelta(days=1)
        log.append(batch_of(b"tomorrow"))
    assert segment_numbers(tmp_path / "raw" / "0001") == [1, 2, 3]
    assert [place.sequence for place, _ in read_stream(tmp_path, "0001", 2)] == [3, 4]
    assert all_records(tmp_path) == [b"12345", b"67890", b"next", b"tomorrow"]


def test_a_cursor_follows_a_writer_from_segment_to_segment(tmp_path: Path) -> None:
    clock = SetClock()
    with RawLog.open(tmp_path, clock=clock, limits=Limits(record_bytes=3)) as log:
        cursor = Cursor(tmp_path, "0001")
        assert list(cursor.read()) == []
        for number in range(1, 8):
            log.append(batch_of(b"%d" % number))
            assert [batch.records for _, batch in cursor.read()] == [(b"%d" % number,)]
        assert list(cursor.read()) == []
        cursor.close()


def test_a_record_whose_id_was_taken_is_not_taken_again(tmp_path: Path) -> None:
    clock = SetClock()
    with RawLog.open(tmp_path, clock=clock) as log:
        first = log.append(batch_of(b"a", b"b", b"b again", b"none", ids=["1", "2", "2", None]))
        assert (first.known, first.batch.records) == ((2,), (b"a", b"b", b"none"))
        assert log.append(batch_of(b"a", ids=["1"])).place is None
        assert log.append(batch_of(b"other unit", ids=["1"], unit="x")).known == ()
    with RawLog.open(tmp_path, clock=clock) as log:
        again = log.append(batch_of(b"a", b"c", ids=["1", "3"]))
        assert (again.known, again.batch.records) == ((0,), (b"c",))
        clock.moment += timedelta(days=9)
    with RawLog.open(tmp_path, clock=clock) as log:
        log.append(batch_of(b"wakes the pruning"))
        assert log.append(batch_of(b"a", ids=["1"], received_ms=2)).known == ()


def test_state_is_derived_from_the_segments_when_it_is_lost(tmp_path: Path) -> None:
    with RawLog.open(tmp_path, clock=SetClock()) as log:
        log.append(batch_of(b"a", ids=["1"], position={"at": 7}))
    for path in tmp_path.glob("state.db*"):
        path.unlink()
    with RawLog.open(tmp_path, clock=SetClock()) as log:
        assert log.position("host:/log") == {"at": 7}
        assert log.append(batch_of(b"a", ids=["1"])).known == (0,)
        assert log.append(batch_of(b"b")).place == Place("0001", 2)


def test_the_last_position_counts_in_whatever_stream_it_lies(tmp_path: Path) -> None:
    clock = SetClock()
    with RawLog.open(tmp_path, clock=clock) as first, RawLog.open(tmp_path, clock=clock) as second:
        second.append(batch_of(b"0", source="other", position={"at": 0}))
        first.append(batch_of(b"1", position={"at": 1}, received_ms=900))
        second.append(batch_of(b"2", position={"at": 2}, received_ms=100))
        assert first.position("host:/log") == second.position("host:/log") == {"at": 2}
        assert first.position("nobody") is None
        assert first.positions("host:") == {"host:/log": {"at": 2}}
        assert set(first.positions()) == {"host:/log", "other"}
    for path in tmp_path.glob("state.db*"):
        path.unlink()
    with RawLog.open(tmp_path, clock=clock) as log:
        assert log.position("host:/log") == {"at": 2}


def test_many_threads_share_a_stream(tmp_path: Path) -> None:
    with RawLog.open(tmp_path, clock=SetClock()) as log:
        threads = [
            threading.Thread(target=lambda name=name: [log.append(batch_of(b"%d" % name)) for _ in range(20)])
            for name in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(all_records(tmp_path)) == sorted(b"%d" % name for name in range(8) for _ in range(20))
    assert stream_names(tmp_path / "raw") == ["0001"]


@pytest.mark.parametrize("written", [0, 5, 30])
def test_after_a_refused_write_the_log_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    original = SegmentWriter._write

    def refusing(self: SegmentWriter, data: bytes) -> None:
        original(self, data[:written])
        raise OSError(28, "No space left on device")

    with RawLog.open(tmp_path, clock=SetClock()) as log:
        log.append(batch_of(b"kept"))
        monkeypatch.setattr(SegmentWriter, "_write", refusing)
        with pytest.raises(StorageError, match="No space left"):
            log.append(batch_of(b"refused", ids=["1"]))
        monkeypatch.setattr(SegmentWriter, "_write", original)
        log.append(batch_of(b"refused", ids=["1"]))
        log.append(batch_of(b"after"))
    assert all_records(tmp_path) == [b"kept", b"refused", b"after"]


def test_what_is_on_disk_is_taken_though_the_state_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = StorageError(message("disk full"))
    with RawLog.open(tmp_path, clock=SetClock(), limits=Limits(record_bytes=5)) as log:
        log.append(batch_of(b"one"))
        with monkeypatch.context() as patch:
            patch.setattr(State, "keep", Mock(side_effect=full))
            patch.setattr(State, "keep_segment", Mock(side_effect=full))
            assert log.append(batch_of(b"two", ids=["2"], position={"offset": 2})).place == Place("0001", 2)
            for _ in range(2):
                with pytest.raises(StorageError):
                    log.append(batch_of(b"three", ids=["3"]))
            with pytest.raises(StorageError):
                log.position("host:/log")
        assert log.position("host:/log") == {"offset": 2}
        assert log.append(batch_of(b"two", b"three", ids=["2", "3"])).known == (0,)
    assert all_records(tmp_path) == [b"one", b"two", b"three"]
    with RawLog.open(tmp_path, clock=SetClock()) as log:
        log.append(batch_of(b"four"))
    assert all_records(tmp_path)[-1] == b"four"


def test_without_room_nothing_of_a_group_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawLog.open(tmp_path, clock=SetClock()) as log:
        log.append(batch_of(b"one"))
        path = segment_path(tmp_path / "raw" / "0001", 1)
        before = path.read_bytes()
        real = os.fstatvfs
        with monkeypatch.context() as patch:
            patch.setattr(os, "fstatvfs", lambda file: Mock(wraps=real(file), f_blocks=9, f_bavail=1, f_frsize=4096))
            with pytest.raises(StorageError, match="No space left"):
                log.append_many([batch_of(b"two"), batch_of(b"three")])
        assert path.read_bytes() == before
        log.append_many([batch_of(b"two"), batch_of(b"three")])
    assert all_records(tmp_path) == [b"one", b"two", b"three"]
