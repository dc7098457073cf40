"""The embedded store's bad days: killed in the middle of everything, crowded, its disk full."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import RECORD
from sec_ops.siem.storing import Request
from tests.contract.event_stores import TYPES
from tests.integration.event_store_worker import size_of

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
KILLS = 10


def start(role: str, folder: Path, stream: str = "1") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.event_store_worker", role, str(folder), stream]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_again_and_again(tmp_path: Path):
    draw = random.Random(os.urandom(4))
    acknowledged = 0
    for _ in range(KILLS):
        worker = start("write", tmp_path)
        assert worker.stdout
        assert worker.stdout.readline() == "open\n"
        time.sleep(draw.uniform(0.005, 1.2))
        worker.send_signal(signal.SIGKILL)
        told, _errors = worker.communicate()
        acknowledged = max([acknowledged, *(int(line) for line in told.split("\n")[:-1] if line)])
        _check(tmp_path, acknowledged)
    assert acknowledged > 2
    store = EmbeddedStore(tmp_path, types=TYPES, clock=SystemClock())
    store.maintain()
    with store._manifest.reading() as connection:
        known = {path for (path,) in connection.execute("SELECT path FROM files")}
    on_disk = {str(path.relative_to(tmp_path / "events")) for path in (tmp_path / "events").rglob("*.parquet")}
    assert on_disk == known
    store.close()


def _check(folder: Path, acknowledged: int) -> None:
    store = EmbeddedStore(folder, types=TYPES, clock=SystemClock())
    commit = store.committed().get("1")
    last = commit.sequence if commit else 0
    assert last >= acknowledged
    if commit:
        assert commit.pending == {"held": b"%d" % last}
    records = Counter(event[RECORD] for event in store.search(Request(limit=None, fields=(RECORD,))))
    assert records == Counter(f"1/{sequence}/{n}" for sequence in range(1, last + 1) for n in range(size_of(sequence)))
    assert store.count(Request()) == len(records)
    store.close()


def test_many_at_once(tmp_path: Path):
    EmbeddedStore(tmp_path, types=TYPES, clock=SystemClock()).close()
    roles = [("write", "1"), ("write", "2"), ("write", "3"), ("read", "-"), ("read", "-"), ("merge", "-")]
    workers = [start(role, tmp_path, stream) for role, stream in roles]
    ended = [worker.communicate() for worker in workers]
    assert [(worker.returncode, errors) for worker, (_told, errors) in zip(workers, ended, strict=True)] == [
        (0, "")
    ] * 6
    store = EmbeddedStore(tmp_path, types=TYPES, clock=SystemClock())
    commits = store.committed()
    assert set(commits) == {"1", "2", "3"}
    expected = sum(size_of(each) for commit in commits.values() for each in range(1, commit.sequence + 1))
    assert store.count(Request()) == expected
    assert len({event[RECORD] for event in store.search(Request(limit=None, fields=(RECORD,)))}) == expected
    store.maintain()
    assert store.count(Request()) == expected
    store.close()


def test_disk_full(tmp_path: Path):
    worker = f"exec {sys.executable} -m tests.integration.event_store_worker fill {tmp_path} 1"
    script = f"mount -t tmpfs -o size=6m none {tmp_path} && {worker}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "open\nsurvived\n", "")
