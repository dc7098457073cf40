"""kill -9 in the middle, again and again: acknowledged is there, once, in raw log and store alike."""

import gzip
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sec_ops.siem.raw.verifying import verify_raw
from sec_ops.siem.storing import Request
from tests.unit.siem.importing.killed import stored
from tests.unit.siem.raw.support import all_records

ROOT = Path(__file__).parents[4]
CHILD = [sys.executable, "-m", "tests.unit.siem.importing.killed"]
_STARTED_SECONDS = 30


def messages(folder: Path) -> list[str]:
    store = stored(folder)
    try:
        return [str(event["message"]) for event in store.search(Request(limit=None))]
    finally:
        store.close()


def test_an_import_killed_again_and_again_takes_everything_once(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(20_000)]
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    chance, kills = random.Random(1), 0
    command = [*CHILD, "import", str(tmp_path / "logs"), str(path)]
    while True:
        with subprocess.Popen(command, cwd=ROOT) as child:
            before = raw_bytes(tmp_path)
            while child.poll() is None and raw_bytes(tmp_path) == before:
                time.sleep(0.002)
            try:
                if child.wait(chance.uniform(0, 0.04) if kills < 5 else _STARTED_SECONDS) == 0:
                    break
            except subprocess.TimeoutExpired:
                child.kill()
                kills += 1
    assert kills >= 3
    assert [record.decode() for record in all_records(tmp_path / "logs")] == lines
    assert sorted(messages(tmp_path / "logs")) == sorted(lines)
    assert not verify_raw(tmp_path / "logs", []).faults


def test_what_was_acknowledged_is_there_once_though_senders_retry(tmp_path: Path) -> None:
    chance, acknowledged, sent = random.Random(2), set[int](), 0
    for turn in range(5):
        # Every turn sends again what the one before sent, as a sender does that heard no answer.
        command = [*CHILD, "send", str(tmp_path), str(max(0, sent - 400)), str(sent + 400)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout
            if turn < 4:
                heard = [child.stdout.readline() for _ in range(chance.randrange(1, 300))]
                child.kill()
                heard += child.stdout.readlines()
            else:
                heard = child.stdout.readlines()
        acknowledged |= {int(line) for line in heard if line.endswith(b"\n")}
        sent += 100
    records = Counter(all_records(tmp_path))
    assert {b"record %d" % number for number in acknowledged} <= set(records)
    assert set(records.values()) == {1}
    assert Counter(messages(tmp_path)) == Counter({record.decode(): 1 for record in records})


def raw_bytes(folder: Path) -> int:
    """Return how much raw log there is."""
    return sum(path.stat().st_size for path in folder.rglob("*.zst"))
