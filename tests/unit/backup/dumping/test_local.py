"""Programs of this machine: what they say is bounded, and no error shows what they were handed."""

import sys

import pytest

from sec_ops.backup.dumping import local
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.source import Arguments
from sec_ops.model.errors import ProgramFailed
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.streaming import HeadAndTail, Streamed


def test_of_long_output_the_middle_is_dropped() -> None:
    program = "import sys; print('a' * 5000 + 'z' * 5000); print('b' * 10_000, file=sys.stderr)"
    doors = LocalDoors(clock=SystemClock(), output_bytes=1000)
    done = doors.run((sys.executable, "-c", program), deadline_seconds=60)
    assert done.stdout == b"a" * 500 + b"\n[9001 bytes cut here]\n" + b"z" * 499 + b"\n"
    assert len(done.stderr) < 1100


def test_at_the_deadline_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def expired(_arguments: Arguments, *, stderr: HeadAndTail, **_more: object) -> Streamed:
        stderr.feed(b"no route for hidden-word")
        return Streamed(exit_code=-15, expired=True, elapsed_ms=1000)

    monkeypatch.setattr(local, "stream_program", expired)
    words = Words(arguments=("dump",), environment={"WORD": Secret("hidden-word")})
    with pytest.raises(ProgramFailed, match="deadline") as caught:
        asked(words, LocalDoors(clock=SystemClock()))
    assert caught.value.why.startswith("no route for ")
    assert "hidden" not in caught.value.why
