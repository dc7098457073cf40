"""What `logs import` costs, everything included, beside DuckDB's own all-column NDJSON to Parquet of the same file.

    python -m benchmarks.log_import [FILE.jsonl[.zst|.gz]] [--times 1 10] [--repeats N] [--evtx FOLDER]

Without a file, 100,000 events of process creation are made up from a seed; no two command lines are alike.
Each turn is a process of its own, ours and the other taking turns: CPU seconds are of the process and its children
(start of the program, parsers loaded, records kept and chained, normalised, Parquet, sealed), memory is the peak of the
largest. Python keeps the bytecode of the first turn, as an installation has it from the beginning. `--evtx` takes the
`.evtx` files of a folder: the `evtx` library alone, as fast as it goes with one thread, beside our reading of them into
the raw log, and beside the whole import.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_DUCKDB = """
import sys, duckdb
duckdb.connect(config={"threads": 1}).execute(
    f"COPY (SELECT * FROM read_json('{sys.argv[1]}', format='newline_delimited', maximum_depth=1, sample_size=-1,"
    f" map_inference_threshold=-1)) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)"
)
"""
_LIBRARY = """
import sys, evtx
for path in sys.argv[1:]:
    for record in evtx.PyEvtxParser(path, number_of_threads=1).records_json():
        record["data"]
"""
_RAW_ONLY = """
import sys
from pathlib import Path
from benchmarks.log_import import keep
keep(Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]])
"""


_BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a process with its children, and the peak of its memory in megabytes."""

    cpu: float
    megabytes: int
    output: str = ""


def cost(arguments: Sequence[str], accepted: Sequence[int] = (0, 3)) -> Cost:
    """Run a program to its end, with one of the accepted exit codes, and return what it took."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(arguments, stdout=output, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        told = output.read().decode()
    if child.returncode not in accepted:
        sys.exit(f"{arguments[:4]} ended with {child.returncode}: {told[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, told)


def keep(folder: Path, paths: Sequence[Path]) -> None:
    """Read EVTX files into a raw log, and no further."""
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.siem.importing.windows import WORKER, event_chunks
    from sec_ops.siem.raw.log import RawLog
    from sec_ops.siem.records import Origin, RawBatch, Transport
    from sec_ops.transport.worker import Worker

    with RawLog.open(folder, clock=SystemClock()) as log, Worker(WORKER) as worker:
        for path in paths:
            origin = Origin(source=str(path), transport=Transport.IMPORT, path=str(path))
            with path.open("rb") as file:
                for records in _batches(chunk.records for chunk in event_chunks(file, worker.ask, 0)):
                    log.append(RawBatch(origin=origin, received_ms=1, records=records))


def _batches(chunks: Iterator[tuple[bytes, ...]]) -> Iterator[tuple[bytes, ...]]:
    """Yield records in batches as large as those of an import."""
    records: list[bytes] = []
    for chunk in chunks:
        records += chunk
        if sum(map(len, records)) >= _BATCH_BYTES:
            yield tuple(records)
            records = []
    yield tuple(records)


def made_up(path: Path) -> Path:
    """Write 100,000 flat Windows events and return the file."""
    chance = random.Random(1)
    with path.open("w") as output:
        for number in range(100_000):
            image = f"C:\\Windows\\System32\\tool{chance.randrange(500)}.exe"
            event = {
                "Provider_Name": "Microsoft-Windows-Sysmon",
                "EventID": 1,
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "Computer": f"pc-{chance.randrange(300)}.school.example",
                "EventRecordID": number,
                "SystemTime": f"2026-03-{1 + number // 4000:02}T{chance.randrange(24):02}:{number % 60:02}:00.000Z",
                "Image": image,
                "CommandLine": f"{image} /c {chance.getrandbits(96):x} --user {chance.randrange(9_000)}",
                "User": f"SCHOOL\\user{chance.randrange(9_000)}",
                "ProcessId": str(chance.randrange(65_536)),
                "ParentImage": f"C:\\Windows\\parent{chance.randrange(90)}.exe",
            }
            output.write(json.dumps(event) + "\n")
    return path


def made_site(folder: Path) -> Path:
    """Make a site and return it."""
    cost([sys.executable, "-m", "sec_ops", "init", str(folder)])
    return folder


def imported(folder: Path, *paths: Path) -> tuple[Cost, int, float, float]:
    """Import into a new site; return the cost, the events, and raw and Parquet bytes an event."""
    site = made_site(folder)
    done = cost([sys.executable, "-m", "sec_ops", "--site", str(site), "logs", "import", "--json", *map(str, paths)])
    events = json.loads(done.output)["events"]
    raw, parquet = (_bytes(site / "var/logs", ending) for ending in ("*.zst", "*.parquet"))
    return done, events, raw / events, parquet / events


def _bytes(folder: Path, ending: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(ending))


def rows(path: Path, times: int, repeats: int, work: Path) -> Iterator[str]:
    """Yield the table's lines for a file repeated so many times."""
    many = work / f"{times}-{path.name}"
    with many.open("wb") as output:
        for _ in range(times):
            output.write(path.read_bytes())
    plain = work / f"{times}.jsonl"
    subprocess.run(f"{_cat(path)} {many} > {plain}", shell=True, check=True)
    ours, others, events, sizes = [], [], 0, ""
    for turn in range(repeats):
        done, events, raw, parquet = imported(work / f"site-{times}-{turn}", many)
        sizes = f"raw {raw:.1f}, Parquet {parquet:.1f} B/event"
        ours.append(done)
        others.append(cost([sys.executable, "-c", _DUCKDB, str(plain), str(work / "other.parquet")]))
    yield _line(f"logs import ×{times}", events, ours, sizes)
    yield _line(f"DuckDB NDJSON to Parquet ×{times}", events, others, "")


def evtx_rows(folder: Path, repeats: int, work: Path) -> Iterator[str]:
    """Yield the table's lines for EVTX files."""
    paths = sorted(folder.rglob("*.evtx"))
    library, raw, whole, events = [], [], [], 0
    for turn in range(repeats):
        library.append(cost([sys.executable, "-c", _LIBRARY, *map(str, paths)]))
        raw.append(cost([sys.executable, "-c", _RAW_ONLY, str(work / f"raw-{turn}"), *map(str, paths)]))
        done, events, _, _ = imported(work / f"evtx-{turn}", *paths)
        whole.append(done)
    yield _line(f"evtx library, {len(paths)} files", events, library, "")
    yield _line("EVTX into the raw log", events, raw, _share(library, raw))
    yield _line("EVTX, whole import", events, whole, _share(library, whole))


def _share(library: Sequence[Cost], ours: Sequence[Cost]) -> str:
    return f"{median(each.cpu for each in library) / median(each.cpu for each in ours):.2f} × the library's speed"


def _line(name: str, events: int, costs: Sequence[Cost], more: str) -> str:
    cpu = sorted(each.cpu for each in costs)
    spread = f"{cpu[0]:.1f} to {cpu[-1]:.1f}"
    speed, memory = events / median(cpu), max(each.megabytes for each in costs)
    return f"| {name} | {events:,} | {median(cpu):.2f} ({spread}) | {speed:,.0f} | {memory} | {more} |"


def _cat(path: Path) -> str:
    return {".zst": "zstd -dc", ".gz": "gzip -dc"}.get(path.suffix, "cat")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--evtx", type=Path)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}\n")
    print("| | events | CPU s (range) | events per CPU-s | peak MB | |\n|---|--:|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = asked.file or made_up(Path(folder) / "made-up.jsonl")
        for times in asked.times:
            for line in rows(path, times, asked.repeats, Path(folder)):
                print(line, flush=True)
        if asked.evtx:
            for line in evtx_rows(asked.evtx, asked.repeats, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
