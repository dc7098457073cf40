"""What `backup status` of many repositories costs: from recorded facts, and asked anew beside plain restic.

    python -m benchmarks.backup_status [--repositories 50] [--runs 400] [--repeats 3]

Each key system has a plan and a repository of its own, and a year of daily runs and more in the record. Three take
turns: `status` alone; `status --refresh`; as many `restic snapshots --json`, two at a time, with the cache warm.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.log_import import Cost, cost, made_site
from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Arrival, Attempt, Counts, Ending, SourceResult, State, Verb
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message
from sec_ops.runtime.site import Site

PASSWORD = "of no use"
_DAY_MS = 86_400_000
_REMEMBERED = 20
_PLACES = (
    "places: [{id: here, name: {zh: H, en: H}, address: a, latitude: 30, longitude: 120},"
    " {id: there, name: {zh: T, en: T}, address: b, latitude: 31, longitude: 121}]\n"
)


def filled(site: Path, repositories: int, runs: int) -> list[Path]:
    """Write systems, plans and repositories into a site and a past into its record; return the repositories."""
    example = Path(__file__).parents[1] / "inventory"
    shutil.copytree(example, site / "inventory", dirs_exist_ok=True)
    shutil.rmtree(site / "inventory" / "systems")
    (site / "inventory" / "systems").mkdir()
    for name in ("plans", "repositories"):
        (site / "backup" / name).mkdir(parents=True, exist_ok=True)
    (site / "backup" / "places.yml").write_text(_PLACES)
    (site / "word").write_text(PASSWORD)
    (site / "word").chmod(0o600)
    first = _made(site, "r0")
    places = [first]
    for number in range(repositories):
        _described(site, number)
        if number:
            places.append(Path(shutil.copytree(first, site / "data" / f"r{number}")))
    with open_record(Site(site)) as record:
        for number in range(repositories):
            _remember(record, number, runs)
    return places


def _made(site: Path, name: str) -> Path:
    """Make a repository with ten snapshots."""
    place = site / "data" / name
    _restic(place, "init")
    for number in range(10):
        (site / "saved").write_text(str(number))
        _restic(place, "backup", "--quiet", str(site / "saved"))
    return place


def _restic(place: Path, *words: str) -> None:
    environment = {**os.environ, "RESTIC_PASSWORD": PASSWORD}
    subprocess.run(["restic", "-r", str(place), *words], check=True, stdout=subprocess.DEVNULL, env=environment)


def _described(site: Path, number: int) -> None:
    system = {
        "id": f"s{number}",
        "name": {"zh": f"S{number}", "en": f"S{number}"},
        "description": {"zh": "S", "en": "S"},
        "unit": "qinglan",
        "grading": "S2A2G2",
        "record_number": "",
        "leader": "lin",
        "operator": "jiang",
        "data_kinds": ["logs"],
        "rto_seconds": 100_000,
        "rpo_seconds": 100_000,
        "hosts": ["card-db-1"],
    }
    repository = {"id": f"r{number}", "place": "here", "location": f"data/r{number}", "password": {"file": "word"}}
    plan = {
        "id": f"s{number}",
        "place": "here",
        "answers": "jiang",
        "sources": [{"id": "files", "kind": "files", "settings": {"paths": ["/srv"]}}],
        "repository": f"r{number}",
        "timing": {"daily": "02:00"},
        "retention": {"daily": 7},
    }
    (site / "inventory" / "systems" / f"s{number}.yml").write_text(json.dumps(system))
    (site / "backup" / "repositories" / f"r{number}.yml").write_text(json.dumps(repository))
    (site / "backup" / "plans" / f"s{number}.yml").write_text(json.dumps(plan))


def _remember(record: Record, number: int, runs: int) -> None:
    """Put runs into the record, one a day, the last an hour ago."""
    done = Judged(verdict=Verdict.OK, what=message("done"))
    ending = Ending(judged=done, sources=[SourceResult(source="files", judged=done)])
    system, repository = f"s{number}", f"r{number}"
    came = list[Arrival]()
    for back in reversed(range(runs)):
        at, run = record.now_ms - back * _DAY_MS - 3_600_000, f"{number}-{back}"
        saved = Arrival(
            repository=repository,
            snapshot=f"{run}-f",
            host="h",
            claimed_ms=at,
            first_seen_ms=at,
            run=run,
            system=system,
            source="files",
            part="files",
            taken_at_ms=at,
            counts=Counts(bytes_packed=1_000_000),
        )
        came += [saved, replace(saved, snapshot=f"{run}-m", source="", part=MANIFEST, verdict="ok", taken_at_ms=None)]
        if back < _REMEMBERED:
            record.remember(
                [
                    Attempt(
                        id=0,
                        verb=Verb.RUN,
                        system=system,
                        repository=repository,
                        run=run,
                        holder="",
                        started_ms=at,
                        ended_ms=at,
                        state=State.ENDED,
                        ending=ending,
                    )
                ]
            )
    record.arrive(came)


def timed(work: Callable[[], Cost]) -> tuple[float, float]:
    """Return wall and CPU seconds of some work."""
    began = time.monotonic()
    done = work()
    return time.monotonic() - began, done.cpu


def asked(places: list[Path]) -> Cost:
    """Ask every repository by plain restic, two at a time."""
    os.environ["RESTIC_PASSWORD"] = PASSWORD

    def one(place: Path) -> Cost:
        return cost(["restic", "-r", str(place), "snapshots", "--json"], accepted=(0,))

    with ThreadPoolExecutor(2) as pool:
        return Cost(sum(each.cpu for each in pool.map(one, places)), 0)


def status(site: Path, *more: str) -> Cost:
    """Show the status; all is good, or only refreshed repositories lack what the record was given."""
    return cost([sys.executable, "-m", "sec_ops", "--site", str(site), "backup", "status", *more], accepted=(0, 1, 3))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repositories", type=int, default=50)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = made_site(Path(name) / "site")
        places = filled(site, wanted.repositories, wanted.runs)
        status(site)
        print(
            f"load {os.getloadavg()[0]:.1f}, {wanted.repositories} repositories, {wanted.runs} runs each\n", flush=True
        )
        works: dict[str, Callable[[], Cost]] = {
            "status, recorded": lambda: status(site),
            "restic snapshots, two at a time": lambda: asked(places),
            "status --refresh": lambda: status(site, "--refresh"),
        }
        asked(places)
        found: dict[str, list[tuple[float, float]]] = {each: [] for each in works}
        for _ in range(wanted.repeats):
            for each, work in works.items():
                found[each].append(timed(work))
        plain = median(wall for wall, _cpu in found["restic snapshots, two at a time"])
        print("| | wall s | CPU s | by restic, wall |\n|---|--:|--:|--:|")
        for each, turns in found.items():
            wall, cpu = (median(values) for values in zip(*turns, strict=True))
            print(f"| {each} | {wall:.2f} | {cpu:.2f} | {wall / plain:.2f} |")


if __name__ == "__main__":
    main()
