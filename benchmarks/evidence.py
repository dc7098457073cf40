"""What the evidence log costs: appending, verifying 200,000 entries, bundling one audit.

    python benchmarks/evidence.py [--entries N]

Prints a table with wall and CPU seconds (children included). Comparisons are measured in the same run on the same
entries: one sync per line instead of one per batch, `openssl` started for each SM2 signature instead of the verifier's
own arithmetic, one tree instead of two.
"""

import argparse
import hashlib
import json
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sec_ops.evidence import verify
from sec_ops.evidence.bundle import bundle
from sec_ops.evidence.drafts import AppendRequest
from sec_ops.evidence.files import DiskFiles
from sec_ops.evidence.keys import load_ring, open_signer
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.live import verify_live
from sec_ops.evidence.log import LocalLog, init_log, open_evidence, open_locally
from sec_ops.evidence.reading import read_lines
from sec_ops.evidence.writer import Doors
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.process import run_program

HOSTS, HOST_BYTES = 200, 80_000


@dataclass
class Row:
    """One line of the table; `goal` in seconds, or entries a second where it says so."""

    name: str
    goal: str = ""
    wall: float = 0.0
    cpu: float = 0.0
    note: str = ""


def main() -> int:
    """Measure and print; exit 0 when everything verified."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=200_000)
    entries = parser.parse_args().entries
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="sec-ops-benchmark-", dir=_here()) as place:
        folder = Path(place) / "evidence"
        doors = _doors()
        anchor = init_log(
            folder, origin="benchmark/log", clock=doors.clock, randomness=doors.randomness, run_program=run_program
        )
        trust = tuple(key.fingerprint for key in anchor.keys)
        log = open_locally(folder, doors)
        _append(rows, log, folder, entries)
        _verify(rows, folder, trust, entries)
        _bundle(rows, Path(place))
    _print(rows)
    return 0


def _append(rows: list[Row], log: LocalLog, folder: Path, entries: int) -> None:
    with _timed(rows, f"group commit, {entries:,} entries, both trees, a checkpoint every 1,000") as row:
        for start in range(0, entries, 1_000):
            log.append_many(_request(number) for number in range(start, min(entries, start + 1_000)))
        log.checkpoint()
    row.goal, row.note = "≥ 5,000/s", f"{entries / row.wall:,.0f}/s"
    lines = [line + b"\n" for line in read_lines(Layout(folder), DiskFiles(), 3, 2_003)]
    with _timed(rows, "compare: one sync for each line, 2,000 lines, nothing else") as row:
        descriptor = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for line in lines:
            os.write(descriptor, line)
            os.fsync(descriptor)
        os.close(descriptor)
    (folder / "plain").unlink()
    row.note = f"{len(lines) / row.wall:,.0f}/s"


def _verify(rows: list[Row], folder: Path, trust: tuple[str, ...], entries: int) -> None:
    for name, goal, every in (("first and last of each key", "≤ 5 s", ""), ("all", "≤ 15 s", "all")):
        with _timed(rows, f"verify {entries:,}: trees, chain, roots; signatures: {name}") as row:
            found = verify_live(folder, trust, all_signatures=every).report()
        row.goal = goal
        row.note = f"{found['outcome'][0]}, {found['checkpoints']} checkpoints"
        if found["outcome"] != ["clean"]:
            raise SystemExit(json.dumps(found["faults"][:5]))
    lines = list(read_lines(Layout(folder), DiskFiles()))
    for name, hash_ in (("SHA-256", lambda data: hashlib.sha256(data).digest()), ("SM3", verify.sm3)):
        with _timed(rows, f"compare: {name} of each line, no tree, no parsing"):
            for line in lines:
                hash_(line)
    _signatures(rows, folder)


def _signatures(rows: list[Row], folder: Path) -> None:
    ring = load_ring(Layout(folder), DiskFiles())
    ed25519, sm2 = (open_signer(Layout(folder), ring.log_key(name), run_program) for name in ("ed25519", "sm2"))
    data = b"checkpoint"
    one, raw_one = ed25519.sign(data), ed25519.public_key()[-32:]
    two, raw_two = sm2.sign(data), sm2.public_key()[-65:]
    _repeat(rows, "50 Ed25519 signatures, pure Python", lambda: verify.ed25519_verify(raw_one, data, one))
    _repeat(rows, "50 SM2 signatures, pure Python", lambda: verify.sm2_verify(raw_two, data, two))
    _repeat(rows, "compare: 50 SM2 signatures, `openssl` started for each", lambda: sm2.verify(data, two))


def _bundle(rows: list[Row], place: Path) -> None:
    folder = place / "audit"
    doors = _doors()
    anchor = init_log(
        folder, origin="benchmark/audit", clock=doors.clock, randomness=doors.randomness, run_program=run_program
    )
    with open_evidence(folder, clock=doors.clock, randomness=doors.randomness, run_program=run_program) as audit:
        with _timed(rows, f"seal {HOSTS} host blobs of {HOST_BYTES // 1000} KB, an entry and a sync each") as row:
            for number in range(HOSTS):
                request = _request(number)
                audit.append(request.kind, request.data, blob=secrets.token_bytes(HOST_BYTES))
        row.note = f"{row.cpu / HOSTS * 1000:.1f} ms CPU a host"
        with _timed(rows, "bundle of that audit") as row:
            made = bundle(audit, folder, run="run", output=place / "audit.evz")
        row.goal = "≤ 2 s"
        row.note = f"{made.path.stat().st_size / 1e6:.1f} MB"
    with _timed(rows, "compare: plain zip of the same blobs, deflated") as row:
        _plain_zip(place)
    with _timed(rows, "verify that bundle") as row:
        row.note = str(verify.verify(str(place / "audit.evz"), (anchor.keys[0].fingerprint,)).report()["outcome"][0])


def _plain_zip(place: Path) -> None:
    import zipfile

    with zipfile.ZipFile(place / "plain.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(HOSTS):
            archive.writestr(str(number), secrets.token_bytes(HOST_BYTES))


def _request(number: int) -> AppendRequest:
    data = {"run": "run", "host": f"host-{number:06d}", "state": "collected", "collected_at": "2026-11-23T08:00:00Z"}
    return AppendRequest(kind="audit.facts/1", data=data, system="student-records")


def _repeat(rows: list[Row], name: str, check: Callable[[], bool]) -> None:
    with _timed(rows, name) as row:
        for _ in range(50):
            if not check():
                raise SystemExit("a good signature was refused")
    row.note = f"{row.wall / 50 * 1000:.1f} ms each"


def _doors() -> Doors:
    return Doors(files=DiskFiles(), clock=SystemClock(), randomness=secrets.token_bytes, run_program=run_program)


def _here() -> str:
    """Return a folder on a real disk: a memory file system would make each sync free."""
    return os.environ.get("TMPDIR", "/var/tmp")


@contextmanager
def _timed(rows: list[Row], name: str) -> Iterator[Row]:
    row = Row(name)
    rows.append(row)
    wall, cpu = time.perf_counter(), _cpu()
    yield row
    row.wall, row.cpu = time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _print(rows: list[Row]) -> None:
    width = max(len(row.name) for row in rows)
    print(f"{'':{width}}  {'goal':>10}  {'wall s':>8}  {'CPU s':>8}")
    for row in rows:
        print(f"{row.name:{width}}  {row.goal:>10}  {row.wall:8.2f}  {row.cpu:8.2f}  {row.note}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPython {sys.version.split()[0]}, {os.cpu_count()} CPUs, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
