"""The process door for programs that speak while they work: lines as they come, bounds, deadline, secrets by pipe."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.errors import ProgramFailed, ProgramMissing, StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.streaming import Bytes, Handed, Lines, stream_program


def streamed(*arguments, deadline_seconds=30, **more):
    out: list[bytes] = []
    err: list[bytes] = []
    ended = stream_program(
        list(arguments),
        stdout=more.pop("stdout", None) or Lines(out.append),
        stderr=more.pop("stderr", None) or Lines(err.append),
        deadline_seconds=deadline_seconds,
        **more,
    )
    return ended, out, err


@pytest.mark.parametrize(
    ("script", "exit_code", "out", "err"),
    [
        ("exit 0", 0, [], []),
        ("echo a; echo b >&2; exit 3", 3, [b"a"], [b"b"]),
        ("printf 'a\\nb'", 0, [b"a", b"b"], []),
        ("printf '\\n\\n'", 0, [b"", b""], []),
        ("printf 'a\\r\\nb\\n'", 0, [b"a\r", b"b"], []),
        ("printf '\\377\\000\\n'", 0, [b"\xff\x00"], []),
        ("echo last words; kill -9 $$", -9, [b"last words"], []),
        ("cat", 0, [b"fed"], []),
    ],
)
def test_lines_come_whole_and_in_order(script, exit_code, out, err):
    ended, said, complained = streamed("sh", "-c", script, stdin=b"fed")
    assert (ended.exit_code, said, complained, ended.expired) == (exit_code, out, err, False)


def test_a_line_is_handed_over_before_the_program_ends(tmp_path: Path):
    mark = tmp_path / "mark"
    script = f"echo first; while [ ! -e {mark} ]; do sleep 0.01; done; echo second"
    said: list[bytes] = []

    def hear(line):
        said.append(line)
        mark.touch()

    ended, _, _ = streamed("sh", "-c", script, stdout=Lines(hear))
    assert (ended.expired, said) == (False, [b"first", b"second"])


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_lines_are_the_same_however_the_stream_is_cut(pieces):
    said: list[bytes] = []
    lines = Lines(said.append)
    for piece in filter(None, pieces):
        lines.feed(piece)
    lines.feed(b"")
    whole = b"".join(pieces).split(b"\n")
    assert said == (whole if whole[-1] else whole[:-1])


@given(st.integers(1, 20), st.lists(st.binary(max_size=40), max_size=20))
def test_a_long_line_is_cut_at_the_bound_and_marked(bound, pieces):
    said: list[bytes] = []
    lines = Lines(said.append, bound=bound)
    for piece in filter(None, pieces):
        lines.feed(piece)
        assert len(lines._rest) <= bound
    lines.feed(b"")
    mark = "…".encode()
    whole = b"".join(pieces).split(b"\n")
    whole = whole if whole[-1] else whole[:-1]
    assert said == [line if len(line) <= bound else line[:bound] + mark for line in whole]


def test_a_slow_listener_slows_the_program_down_and_nothing_piles_up():
    heard = 0

    def hear(data):
        nonlocal heard
        assert len(data) <= 65_536
        heard += len(data)

    streamed("head", "-c", "50000000", "/dev/zero", stdout=Bytes(hear))
    assert heard == 50_000_000


def test_the_deadline_ends_the_whole_group(tmp_path: Path):
    script = f"(trap '' TERM; sleep 60) & echo $! > {tmp_path}/pid; echo said; wait"
    ended, out, _ = streamed("sh", "-c", script, deadline_seconds=0.5)
    assert (ended.expired, out) == (True, [b"said"])
    assert _gone(int((tmp_path / "pid").read_text()))


def test_a_program_may_end_politely_within_its_grace(tmp_path: Path):
    script = f"trap 'sleep 1.5; touch {tmp_path}/tidy; exit 9' TERM; echo on; while :; do sleep 0.05; done"
    ended, _, _ = streamed("sh", "-c", script, deadline_seconds=0.5, grace_seconds=20)
    assert (ended.expired, ended.exit_code, (tmp_path / "tidy").exists()) == (True, 9, True)


def test_what_a_listener_raises_ends_the_program_and_is_passed_on(tmp_path: Path):
    def refuse(_line):
        raise StorageError(message("full"))

    with pytest.raises(StorageError):
        streamed("sh", "-c", f"echo $$ > {tmp_path}/pid; echo a; sleep 60", stdout=Lines(refuse))
    assert _gone(int((tmp_path / "pid").read_text()))


def test_an_oserror_of_a_listener_is_not_taken_for_a_failed_start():
    def refuse(_line):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        streamed("echo", "a", stdout=Lines(refuse))


def test_a_listener_that_is_full_ends_the_program():
    heard = Bytes(lambda _data: setattr(heard, "full", True))
    ended, _, _ = streamed("yes", stdout=heard)
    assert (ended.expired, ended.exit_code) == (False, -15)


def test_a_secret_is_read_once_from_a_pipe_and_stands_nowhere_else():
    secret = "pass word\n'\""
    script = 'cat "$1"; echo; cat "$1"; tr "\\0" "\\n" < /proc/$$/cmdline | grep -c "pass"; env | grep -c "pass word"'
    ended, out, _ = streamed("sh", "-c", script, "sh", Handed(Secret(secret)))
    assert out == [b"pass word", b"'\"", b"1", b"0"], "the one that is found is the script's own word"
    assert ended.exit_code == 1


def test_several_secrets_and_a_prefix():
    _, out, _ = streamed(
        "sh", "-c", 'cat "${1#--file=}" "$2"', "sh", Handed(Secret("one\n"), prefix="--file="), Handed(Secret("two\n"))
    )
    assert out == [b"one", b"two"]


def test_no_descriptor_is_left_and_none_but_the_secrets_are_inherited():
    before = _descriptors()
    with Path("/dev/null").open("rb") as other:
        os.set_inheritable(other.fileno(), True)
        _, out, _ = streamed("ls", "/proc/self/fd", Handed(Secret("x")))
        assert str(other.fileno()).encode() not in out
    assert _descriptors() == before


def test_a_secret_longer_than_a_pipe_is_refused_before_anything_starts(tmp_path: Path):
    with pytest.raises(ProgramFailed, match="65536"):
        streamed("touch", str(tmp_path / "started"), Handed(Secret("x" * 65_537)))
    assert not (tmp_path / "started").exists()
    _, out, _ = streamed("sh", "-c", 'wc -c < "$1"', "sh", Handed(Secret("x" * 65_536)))
    assert out == [b"65536"]


def test_programs_that_can_t_be_started(tmp_path: Path):
    with pytest.raises(ProgramMissing, match="no-such-program"):
        streamed("no-such-program")
    bad = tmp_path / "bad"
    bad.write_bytes(b"\x7fELF")
    bad.chmod(0o755)
    with pytest.raises(ProgramFailed, match="could not start"):
        streamed(str(bad))


def _descriptors() -> list[str]:
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())


def _gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
