"""A rebuild that is killed again and again, in the middle of everything: each event is there once in the end."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.index.stream import IndexLimits, StreamIndex
from sec_ops.siem.raw.log import Limits, RawLog
from sec_ops.siem.records import Origin, RawBatch, Transport
from tests.unit.siem.rebuilding.support import Logs, shipped, taken_in, twice

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
KILLS = 8
BATCHES = 60


def filled(folder: Path) -> Logs:
    """Return logs with some thousand logins more."""
    logs = taken_in(folder)
    types, understand = shipped()
    with (
        closing(EmbeddedStore(logs.folder, types=types, clock=logs.clock)) as store,
        RawLog.open(logs.folder, clock=logs.clock, limits=Limits(record_bytes=100_000)) as raw,
    ):
        index = StreamIndex(raw.stream(), store, understand, logs.clock, IndexLimits(rows=500))
        for number in range(BATCHES):
            origin = Origin(source=f"host:auth.{number % 5}", transport=Transport.PULL, host="host", path="/auth.log")
            lines = (
                f"<38>1 2026-11-26T{8 + number % 9:02}:00:{each % 60:02}Z web-1 sshd {number} - - "
                f"Failed password for u{each} from 192.0.2.{each} port {number + 1024} ssh2"
                for each in range(50)
            )
            records = tuple(line.encode() for line in lines)
            received_ms = int(logs.clock.now().timestamp() * 1000)
            appended = raw.append(RawBatch(origin=origin, received_ms=received_ms, records=records))
            assert appended.place
            index.tick()
            index.feed(appended.place, appended.batch)
            logs.clock.moment += timedelta(seconds=1)
        index.commit()
    return logs


@pytest.mark.parametrize("manifest_too", [False, True], ids=["event files lost", "manifest lost"])
def test_killed_again_and_again(tmp_path: Path, manifest_too: bool):
    logs = filled(tmp_path)
    before = logs.events()
    shutil.rmtree(logs.folder / "events")
    for path in logs.folder.glob("store.db*") if manifest_too else ():
        path.unlink()
    draw = random.Random(os.urandom(4))
    told = ""
    counts = set()
    for _ in range(KILLS):
        worker = _start(tmp_path)
        time.sleep(draw.uniform(0.0, 1.0))
        worker.send_signal(signal.SIGKILL)
        told, _errors = worker.communicate()
        if "done" in told:
            break
        if (logs.folder / "store.db").exists():
            there = logs.events()
            assert twice(there) == []
            counts.add(len(there))
    told, errors = _start(tmp_path).communicate()
    assert (told, errors) == ("done\n", "")
    after = logs.events()
    assert twice(after) == []
    assert after == before
    assert logs.rebuilder().look().files == ()


def _start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.rebuild_worker", str(folder)]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert worker.stdout
    assert worker.stdout.readline() == "begun\n"
    return worker
