"""What `detect hunt` costs over a stored million of events, beside `orjson.loads` of the lines they came from.

    python -m benchmarks.detect_hunt [RULES [FILE.jsonl[.zst|.gz]]] [--times 10] [--repeats N]

RULES is a Sigma release (folder, zip or tar), by default the shipped rules. Without a file, events of process creation
are made up, no two command lines alike. The lines are repeated with new record ids and times on other days, imported
into a new site, and the store tidied up as listeners do. Each turn is a process of its own, hunting, hunting an empty
span, and orjson taking turns; net is what hunting costs beyond the empty span: start of the program, rules read, mapped
and numbered.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import orjson

from benchmarks.log_import import Cost, cost, made_site, made_up

_ORJSON = """
import sys, orjson
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        orjson.loads(line)
"""
_TIDY = """
import sys
from pathlib import Path
from sec_ops.cli.logs._store import fields_of, open_store
from sec_ops.runtime.site import Site
site = Site(Path(sys.argv[1]))
with open_store(site, fields_of(site)) as store:
    store.maintain()
"""


def repeated(path: Path, times: int, folder: Path) -> Path:
    """Write the lines so many times, each time with other record ids and a day later; return the file."""
    command = {".zst": ["zstd", "-dc"], ".gz": ["gzip", "-dc"]}.get(path.suffix, ["cat"])
    lines = subprocess.run([*command, str(path)], check=True, capture_output=True).stdout.splitlines()
    many = folder / "events.jsonl"
    with many.open("wb") as output:
        for turn in range(times):
            output.writelines(orjson.dumps(_moved(orjson.loads(line), turn)) + b"\n" for line in lines)
    return many


def _moved(event: dict[str, object], days: int) -> dict[str, object]:
    number, time = event.get("EventRecordID", 0), str(event.get("SystemTime", ""))
    moved = dict(event)
    if isinstance(number, int):
        moved["EventRecordID"] = number + days * 10_000_000
    try:
        later = datetime.fromisoformat(time) + timedelta(days=days)
        moved["SystemTime"] = later.isoformat().replace("+00:00", "Z")
    except ValueError:
        pass
    return moved


def hunted(site: Path, rules: Path | None, *more: str) -> Cost:
    """Hunt with the rules, or those that are shipped; return the cost and what was said."""
    words = ["--site", str(site), "detect", "hunt", "--no-keep", "--json"]
    named = ["--rule", str(rules)] if rules else []
    return cost([sys.executable, "-m", "sec_ops", *words, *named, *more], accepted=(0, 1, 3))


def rows(path: Path, rules: Path | None, asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Yield the table's lines."""
    many = repeated(path, asked.times, folder)
    site = made_site(folder / "site")
    cost([sys.executable, "-m", "sec_ops", "--site", str(site), "logs", "import", str(many)])
    cost([sys.executable, "-c", _TIDY, str(site)])
    hunted(site, rules, "--until", "1980-01-01")
    empty, whole, lines = [], [], []
    for _ in range(asked.repeats):
        lines.append(cost([sys.executable, "-c", _ORJSON, str(many)]).cpu)
        empty.append(hunted(site, rules, "--until", "1980-01-01").cpu)
        whole.append(hunted(site, rules))
    found = json.loads(whole[-1].output)
    net = median(each.cpu for each in whole) - median(empty)
    yield f"| orjson.loads | {found['events']:,} | {median(lines):.2f} | 1 | |"
    yield f"| start, {found['rules']['loaded']:,} rules loaded | 0 | {median(empty):.2f} | | |"
    megabytes = max(each.megabytes for each in whole)
    yield f"| detect hunt, net | {found['events']:,} | {net:.2f} | **{net / median(lines):.2f}** | {megabytes} |"
    yield f"\nhits: {sum(found['hits'].values()):,} of {len(found['hits'])} rules"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("rules", type=Path, nargs="?")
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}\n\n| | events | CPU s | by orjson | peak MB |\n|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = asked.file or made_up(folder / "made-up.jsonl")
        for line in rows(path, asked.rules, asked, folder):
            print(line, flush=True)


if __name__ == "__main__":
    main()
