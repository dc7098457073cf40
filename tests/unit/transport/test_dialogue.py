"""Programs that are spoken with: answers up to a mark, errors of those that go away or stay silent."""

import os
import sys

import pytest

from sec_ops.model.errors import ProgramFailed, ProgramMissing
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.dialogue import dialogue
from sec_ops.transport.streaming import Handed

_ECHO = "import sys\nfor line in sys.stdin: print(line.strip().upper(), 'ok', sep='\\n', flush=True)"


def test_question_and_answer() -> None:
    with dialogue([sys.executable, "-c", _ECHO], deadline_seconds=60) as spoken:
        spoken.say("one\n")
        assert spoken.hear("ok") == ("ONE",)
        spoken.say("two\nthree\n")
        assert (spoken.hear("ok"), spoken.hear("ok")) == (("TWO",), ("THREE",))


def test_an_answer_longer_than_a_pipe() -> None:
    program = "print('x' * 300_000); print('end', flush=True); input()"
    with dialogue([sys.executable, "-c", program], deadline_seconds=60) as spoken:
        assert [len(line) for line in spoken.hear("end")] == [300_000]


def test_a_program_that_goes_away_tells_why() -> None:
    program = "import sys; sys.exit('the server said hidden-word')"
    words: list[str | Handed] = [sys.executable, "-c", program, Handed(Secret("hidden-word"))]
    with dialogue(words, deadline_seconds=60) as spoken, pytest.raises(ProgramFailed) as caught:
        spoken.hear("ok")
    assert "the server said [redacted]" in caught.value.why


def test_silence_ends_at_the_deadline() -> None:
    silent = [sys.executable, "-c", "input()"]
    with dialogue(silent, deadline_seconds=0.2) as spoken, pytest.raises(ProgramFailed, match="deadline"):
        spoken.hear("ok")


def test_nothing_is_left_running() -> None:
    program = "import os; print(os.getpid()); print('ok', flush=True); input()"
    with dialogue([sys.executable, "-c", program], deadline_seconds=60) as spoken:
        (pid,) = spoken.hear("ok")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_missing_program() -> None:
    with pytest.raises(ProgramMissing), dialogue(["no-such-program"], deadline_seconds=1):
        pass
