"""RELP frames, however the network cut them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.listen.counts import Counts
from sec_ops.siem.listen.relp_frames import RelpFrame, RelpFramer, response
from tests.unit.siem.listen.cutting import parts


def framed(stream: bytes, cuts: Sequence[int], bound: int = 32) -> tuple[list[RelpFrame], bool, Counts]:
    counts = Counts()
    framer = RelpFramer(bound, counts)
    frames = [frame for part in parts(stream, cuts) for frame in framer.feed(part)]
    return frames, framer.broken, counts


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"1 syslog 5 hello\n", [RelpFrame(1, b"syslog", b"hello", last=True)]),
        (
            b"2 close 0\n3 close 0 \n",
            [RelpFrame(2, b"close", b"", last=True), RelpFrame(3, b"close", b"", last=True)],
        ),
        (b"999999999 syslog 2 a\n\n", [RelpFrame(999_999_999, b"syslog", b"a\n", last=True)]),
        (
            b"4 syslog 40 " + b"x" * 40 + b"\n",
            [RelpFrame(4, b"syslog", b"x" * 32, last=False), RelpFrame(4, b"syslog", b"x" * 8, last=True)],
        ),
        (b"5 syslog 32 " + b"x" * 32 + b"\n", [RelpFrame(5, b"syslog", b"x" * 32, last=True)]),
    ],
)
def test_frames(stream: bytes, expected: list[RelpFrame]) -> None:
    assert framed(stream, [])[:2] == (expected, False)
    assert framed(stream, range(len(stream)))[:2] == (expected, False)


@pytest.mark.parametrize(
    "stream",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),
        b"GET / HTTP/1.1\r\n",
        b"1 syslog 5 hello!",
        b"1 syslog 05 hello\n",
        b"1234567890 syslog 1 a\n",
        b"1 sys_log 1 a\n",
        b"1 syslog 1234567890 a\n",
        b"1 " + b"a" * 60,
    ],
    ids=repr,
)
def test_what_is_no_relp_is_not_read_on(stream: bytes) -> None:
    stream += b"\n1 syslog 1 a\n"
    assert framed(stream, [])[:2] == ([], True)
    assert framed(stream, range(len(stream)))[:2] == ([], True)


frames_of = st.lists(
    st.tuples(st.integers(0, 999_999_999), st.sampled_from([b"syslog", b"open", b"close"]), st.binary(max_size=100)),
    max_size=8,
)


def written(frames: list[tuple[int, bytes, bytes]]) -> bytes:
    return b"".join(
        b"%d %b %d %b\n" % (number, command, len(data), data) if data else b"%d %b 0\n" % (number, command)
        for number, command, data in frames
    )


@given(frames_of, st.binary(max_size=80), st.lists(st.integers(0, 1000), max_size=20))
def test_any_split_gives_the_same(frames: list[tuple[int, bytes, bytes]], tail: bytes, cuts: list[int]) -> None:
    stream = written(frames) + tail
    assert framed(stream, cuts) == framed(stream, [])


@given(frames_of)
def test_what_is_written_is_read(frames: list[tuple[int, bytes, bytes]]) -> None:
    read, broken, _ = framed(written(frames), [], bound=1000)
    assert not broken
    assert [(each.transaction, each.command, each.data) for each in read] == frames


def test_responses_are_frames() -> None:
    read, broken, _ = framed(response(7, b"200 OK") + response(8, b""), [])
    assert read == [RelpFrame(7, b"rsp", b"200 OK", last=True), RelpFrame(8, b"rsp", b"", last=True)]
    assert not broken
