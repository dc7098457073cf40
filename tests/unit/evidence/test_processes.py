"""Real processes on one log: they take turns, and killing them at any moment loses nothing acknowledged."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.evidence.support import faults, hosts, opened

ROOT = Path(__file__).parents[3]


def start(folder: Path, name: str, count: int) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-m", "tests.unit.evidence.appending", str(folder), name, str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_several_processes_append_at_once(folder: Path) -> None:
    processes = [start(folder, f"p{number}", 60) for number in range(4)]
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, told
    acknowledged = [line for out, _ in told for line in out.split()]
    assert sorted(hosts(folder)) == sorted(acknowledged)
    assert len(acknowledged) == 240
    assert faults(folder) == []


def test_killed_again_and_again(folder: Path) -> None:
    chance = random.Random(7)
    acknowledged: list[str] = []
    for round_ in range(6):
        processes = [start(folder, f"r{round_}p{number}", 100_000) for number in range(2)]
        for process in processes:
            assert process.stdout
            acknowledged.append(process.stdout.readline().strip())
        time.sleep(chance.uniform(0, 0.4))
        for process in processes:
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate(timeout=60)
            acknowledged += [line for line in out.split("\n")[:-1] if line]
        found = hosts(folder)
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))
    opened(folder).checkpoint()
    assert faults(folder) == []
