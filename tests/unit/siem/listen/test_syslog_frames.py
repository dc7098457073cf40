"""Any split of the byte stream gives the same messages, and nothing of it is lost."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.listen.counts import Counts
from sec_ops.siem.listen.syslog_frames import SyslogFramer, datagram
from tests.unit.siem.listen.cutting import parts

CASES = [
    (b"<13>one\n<13>two\n", [b"<13>one", b"<13>two"]),
    (b"7 <13>one8 <13>three", [b"<13>one", b"<13>thre", b"e"]),
    (b"<13>one\n7 <13>two<13>three\n", [b"<13>one", b"<13>two", b"<13>three"]),
    (b"8 <13>one\n<13>two\n", [b"<13>one", b"<13>two"]),
    (b"12 <13>two\nlines<13>three\n", [b"<13>two\nline", b"s<13>three"]),
    (b"<13>one\r\n<13>two\0\n\n\0\n<13>three\n", [b"<13>one", b"<13>two", b"<13>three"]),
    (b"2026-11-26 10:00 started\n", [b"2026-11-26 10:00 started"]),
    (b"17 birds\n", [b"17 birds"]),
    (b"0 <13>x\n01 <13>y\n", [b"0 <13>x", b"01 <13>y"]),
    (b"1234567890 <13>x\n", [b"1234567890 <13>x"]),
    (b"<13>nul\0inside\n", [b"<13>nul\0inside"]),
    (b"\n\n\n", []),
    (b"<13>half", [b"<13>half"]),
    (b"12", [b"12"]),
    (b"x" * 63 + b"\r\n", [b"x" * 63]),
    (b"x" * 64 + b"\r\n<13>y\n", [b"x" * 64, b"<13>y"]),
    (b"x" * 65 + b"\n5 <13>y", [b"x" * 64, b"x", b"<13>y"]),
]


def framed(stream: bytes, cuts: Sequence[int], bound: int = 64) -> tuple[list[bytes], Counts]:
    counts = Counts()
    framer = SyslogFramer(bound, counts)
    records = [record for part in parts(stream, cuts) for record in framer.feed(part)]
    return records + framer.finish(), counts


@pytest.mark.parametrize(("stream", "expected"), CASES, ids=repr)
def test_messages(stream: bytes, expected: list[bytes]) -> None:
    assert framed(stream, [])[0] == expected
    assert framed(stream, range(len(stream)))[0] == expected


pieces = st.lists(
    st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b"\n", b"\r\n", b"\0", b"<13>a\n", b"5 <13>a", b"999999999 <", b"70 <13>", b"12", b" ", b"<"]),
        st.integers(1, 300).map(lambda size: b"%d <" % size + b"x" * (size - 1)),
        st.integers(60, 200).map(lambda size: b"y" * size + b"\n"),
    ),
    max_size=12,
).map(b"".join)


@given(pieces, st.lists(st.integers(0, 2000), max_size=30))
def test_any_split_gives_the_same(stream: bytes, cuts: list[int]) -> None:
    assert framed(stream, cuts) == framed(stream, [])


@given(pieces)
def test_only_line_ends_and_counts_are_left_out(stream: bytes) -> None:
    records, _ = framed(stream, [])
    assert all(0 < len(record) <= 64 for record in records)
    position = 0
    for record in records:
        found = stream.index(record, position)
        assert re.fullmatch(rb"[\r\n\0]*(?:[1-9][0-9]{0,8} )?", stream[position:found])
        position = found + len(record)
    assert stream[position:].strip(b"\r\n\0") == b"" or re.fullmatch(rb"[\r\n\0]*[1-9][0-9]{0,8} ", stream[position:])


@given(st.lists(st.binary(max_size=60).map(lambda text: b"<1>" + text.rstrip(b"\r\n\0")), max_size=20))
def test_counted_messages_come_back_whole(messages: list[bytes]) -> None:
    stream = b"".join(b"%d %b" % (len(each), each) for each in messages)
    assert framed(stream, [])[0] == messages


def test_a_count_of_a_gigabyte_holds_one_piece() -> None:
    counts = Counts()
    framer = SyslogFramer(64, counts)
    records = framer.feed(b"999999999 <13>")
    for _ in range(100):
        records += framer.feed(b"z" * 50)
        assert len(framer._rest) < 64
    assert (counts.oversized, len(records)) == (1, 5004 // 64)
    assert framer.waiting
    assert b"".join([*records, *framer.finish()]) == b"<13>" + b"z" * 5000
    assert counts.unfinished == 1


def test_a_line_without_end_holds_one_piece() -> None:
    counts = Counts()
    framer = SyslogFramer(64, counts)
    records = [each for _ in range(100) for each in framer.feed(b"z" * 50)]
    assert len(framer._rest) <= 64
    assert counts.oversized == 1
    assert b"".join([*records, *framer.finish()]) == b"z" * 5000


def test_datagram() -> None:
    assert datagram(b"<13>a\nb\r\n\0") == b"<13>a\nb"
