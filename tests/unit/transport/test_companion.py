"""A program beside us: it ends when we do, and comes back when it dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sec_ops.transport import companion as module
from sec_ops.transport.companion import Companion

FINISHES = "import sys, pathlib; sys.stdin.read(); pathlib.Path(sys.argv[1]).write_text('finished')"
STUBBORN = "import time; time.sleep(60)"


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_finishes_when_the_pipe_closes(tmp_path: Path) -> None:
    companion = Companion([sys.executable, "-c", FINISHES, str(tmp_path / "told")], seconds=Time())
    assert companion.look() is None
    companion.end()
    assert (tmp_path / "told").read_text() == "finished"


def test_it_hears_of_nudges_and_nobody_minds_when_it_is_gone(tmp_path: Path) -> None:
    repeats = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(repr(sys.stdin.read()))"
    companion = Companion([sys.executable, "-c", repeats, str(tmp_path / "told")], seconds=Time())
    companion.nudge()
    companion.nudge()
    companion.end()
    companion.nudge()
    assert (tmp_path / "told").read_text() == repr("\n\n")


def test_it_comes_back_but_not_at_once() -> None:
    clock = Time()
    companion = Companion([sys.executable, "-c", STUBBORN], seconds=clock)
    first = companion.pid
    try:
        os.kill(first, signal.SIGKILL)
        companion._child.wait(10)
        assert companion.look() is None
        clock.now = module.RESTART_SECONDS
        assert companion.look() == -signal.SIGKILL
        assert companion.pid != first
        assert (companion.deaths, companion.look()) == (1, None)
    finally:
        os.kill(companion.pid, signal.SIGKILL)
        companion.end()


def test_one_that_does_not_finish_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    companion = Companion([sys.executable, "-c", STUBBORN], seconds=Time())
    companion.end()
    assert companion._child.returncode == -signal.SIGKILL


def test_it_finishes_when_we_are_killed(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = (
        "import sys, time; from sec_ops.transport.companion import Companion;"
        "Companion([sys.executable, '-c', sys.argv[1], sys.argv[2]], seconds=time.monotonic);"
        "print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, FINISHES, str(told)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        parent.kill()
    for _ in range(1000):
        if told.exists() and told.read_text() == "finished":
            return
        time.sleep(0.01)
    pytest.fail("it went on")
