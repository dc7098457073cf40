"""The pull script: quoting, framing, and what any bytes are read as."""

import fnmatch
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.collect.frames import read_frames
from sec_ops.siem.collect.journal import JournalState, read_entries
from sec_ops.siem.collect.lines import LINE_BYTES, split_lines
from sec_ops.siem.collect.plan import search_patterns, series_name
from sec_ops.siem.collect.script import JournalTask, ListTask, TakeTask, Task, pull_script

TASKS: list[Task] = [
    ListTask(patterns=("/var/log/*.log", "/it's/?"), folders=("/var/log",), unchanged=("1:2:3:4.5",)),
    TakeTask(path=b"/a b/\xff'", device=1, inode=2, start=0, size=10),
    JournalTask(size=10, cursor="s=1;i=2", folder="/j", units=("a.service",)),
]


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"], ["busybox", "sh"]])
def test_every_shell_takes_the_script_and_it_ends_whole(shell: list[str]) -> None:
    done = subprocess.run([*shell, "-s"], input=pull_script(TASKS, nonce="ab"), capture_output=True, check=False)
    frames = read_frames(done.stdout, nonce="ab")
    assert frames.whole
    assert frames.epoch > 1_700_000_000
    assert {frame.task for frame in frames.frames if frame.word == "fault"} >= {1, 2}


def test_the_script_writes_nothing_and_names_no_writer() -> None:
    script = pull_script(TASKS, nonce="ab")
    for word in (b"rm ", b"mv ", b"tee", b"mktemp", b"chmod", b" >/", b">>"):
        assert word not in script.replace(b">/dev/null", b"")


@pytest.mark.parametrize("nonce", ["", "g", "a;reboot", "a" * 65])
def test_a_nonce_is_hexadecimal(nonce: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        pull_script([], nonce=nonce)


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_any_bytes_are_read(noise: bytes, content: bytes) -> None:
    read_frames(noise, nonce="ab")
    mark = b"\n@@" + b"c" * 32 + b" "
    data = b"@@sec-ops-logs 1 " + b"c" * 32 + b" - 5 ab\n" + mark + b"data 0 1 2 3 4\n" + content + mark + b"done 1\n"
    frames = read_frames(noise.replace(b"@@", b"") + b"\n" + data, nonce="ab")
    assert (frames.whole, frames.epoch) == (True, 5)
    assert frames.frames[0].content == content
    assert not read_frames(data, nonce="ac").frames


def test_a_marker_that_was_cut_is_no_content() -> None:
    data = b"@@sec-ops-logs 1 " + b"c" * 32 + b" - 5 ab\n\n@@" + b"c" * 32 + b" data 0 1 2 3 4\nline\n@@cccc"
    assert read_frames(data, nonce="ab").frames[0].content == b"line"


@given(st.binary(max_size=400), st.booleans())
def test_lines_take_all_whole_lines_and_no_byte_twice(data: bytes, ended: bool) -> None:
    lines = split_lines(data, ended=ended)
    rest = data[lines.consumed :]
    assert b"\n" not in rest
    assert not (ended and rest)
    assert b"\n" not in b"".join(lines.records)
    assert sum(map(len, lines.records)) <= lines.consumed


def test_a_line_without_end_is_cut_so_that_reading_goes_on() -> None:
    lines = split_lines(b"one\n" + b"x" * (2 * LINE_BYTES + 5), ended=False)
    assert (lines.cut, lines.consumed) == (2, 4 + 2 * LINE_BYTES)
    assert [len(record) for record in lines.records] == [3, LINE_BYTES, LINE_BYTES]


@pytest.mark.parametrize(
    ("name", "pattern", "series"),
    [
        ("auth.log", "auth.log", "auth.log"),
        ("auth.log.1", "auth.log", "auth.log"),
        ("auth.log.12.gz", "auth.log", "auth.log"),
        ("auth.log-20261126", "auth.log", "auth.log"),
        ("auth.log-2026112603.zst", "auth.log", "auth.log"),
        ("auth.log-1795650000.xz", "auth.log", "auth.log"),
        ("auth-20261126.log.gz", "auth.log", "auth.log"),
        ("auth.2.log", "auth.log", "auth.log"),
        ("auth.log.bak2", "auth.log", None),
        ("auth.logger", "auth.log", None),
        ("other.log", "auth.log", None),
        ("messages", "messages", "messages"),
        ("messages-20261126", "messages", "messages"),
        ("access_log.1", "*_log", "access_log"),
        ("catalina.2026-11-26.log", "catalina.*.log", "catalina.2026-11-26.log"),
        ("worker-1.log", "*.log", "worker-1.log"),
    ],
)
def test_which_log_a_file_belongs_to(name: str, pattern: str, series: str | None) -> None:
    expected = None if series is None else f"/v/{series}".encode()
    assert series_name(f"/v/{name}".encode(), f"/v/{pattern}") == expected
    assert (
        series is None or series == name or any(_finds(each, f"/v/{name}") for each in search_patterns(f"/v/{pattern}"))
    )


def _finds(pattern: str, path: str) -> bool:
    return fnmatch.fnmatchcase(path, pattern)


@given(st.binary(max_size=200), st.sampled_from(["", "s=1"]))
def test_any_bytes_of_a_journal_are_read(data: bytes, cursor: str) -> None:
    found = read_entries(data, JournalState(cursor=cursor, selection="x"), "x")
    assert found.cursor == cursor
    assert found.records == ()


def test_a_host_that_never_stops_listing_takes_bounded_memory() -> None:
    mark = b"\n@@" + b"c" * 32 + b" "
    data = b"@@sec-ops-logs 1 " + b"c" * 32 + b" - 5 ab\n" + (mark + b"name 0\n/x") * 200_000 + mark + b"done 1\n"
    frames = read_frames(data, nonce="ab")
    assert len(frames.frames) <= 50_000
    assert not frames.whole
