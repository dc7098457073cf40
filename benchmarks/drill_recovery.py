"""What drills measure of one database, beside the truth and beside doing it by hand.

    python -m benchmarks.drill_recovery [--parts losses,moment,hand] [--losses 20] [--megabytes 240] [--repeats 3]

Two sites are network namespaces with a cable of IPv6 (200 Mbit/s) between them. At A an application commits twice a
second and notes when each commit was acknowledged; what was lost in truth is the time from the last of its commits that
came back to the loss. `losses` are at moments of chance, a third each with dumps, with a log that runs ship, with
synchronous receiving; `moment` does the latter two with a larger database, and goes back to a chosen second; `hand`
takes turns with restic, initdb and pg_restore. Needs root, restic, PostgreSQL, and Go or a built rest-server.
"""

import argparse
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._two_sites import SYSTEM, World, make_world, methods, run
from tests.servers.databases import postgresql_programs

_SMALL_MEGABYTES = 10
_AS_POSTGRES = ("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A drill beside the truth, in seconds.

    `back` is the last commit that came back, `missing` how many acknowledged ones after it did not.
    """

    claimed: float
    true: float
    back: int
    missing: int
    recovery: float
    recovery_seen: float
    phases: dict[str, int]

    @property
    def error(self) -> float:
        """Return how far the drill's loss is from the true one."""
        return self.claimed - self.true

    def __str__(self) -> str:
        phases = " ".join(f"{name} {spent / 1000:.1f}" for name, spent in self.phases.items() if spent >= 50)
        return (
            f"loss {self.claimed:6.2f} s, in truth {self.true:6.2f} ({self.error:+.2f}); commits lost {self.missing:3};"
            f" recovery {self.recovery:5.1f} s, seen {self.recovery - self.recovery_seen:+.3f}: {phases}"
        )


def main() -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="losses,moment,hand")
    parser.add_argument("--losses", type=int, default=20)
    parser.add_argument("--megabytes", type=int, default=240)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    print(f"seed {asked.seed}; load {os.getloadavg()[0]:.1f}", flush=True)
    parts = asked.parts.split(",")
    if "losses" in parts:
        with place() as top, make_world(top, _SMALL_MEGABYTES) as world:
            losses(world, asked.losses, chance)
    if "moment" in parts:
        with place() as top, make_world(top, asked.megabytes) as world:
            moments(world, asked.repeats, chance)
    if "hand" in parts:
        with place() as top, make_world(top, asked.megabytes) as world:
            by_hand(world, asked.repeats)
    print(f"load {os.getloadavg()[0]:.1f}")
    return 0


@contextmanager
def place() -> Iterator[Path]:
    """Give a new folder, gone with the context."""
    with tempfile.TemporaryDirectory(prefix="sec-ops-two-sites-") as made:
        yield Path(made)


def losses(world: World, count: int, chance: random.Random) -> None:
    """Lose site A again and again; show the largest error of the drill's loss and of its recovery time."""
    told: list[Told] = []
    third = count // 3
    for name, number in {"dump": count - 2 * third, "log": third, "stream": third}.items():
        for each in _lost(world, name, number, chance) if number else ():
            print(f"{name:7}{each}", flush=True)
            told.append(each)
    errors = [abs(each.error) for each in told]
    sums = [abs(each.recovery - sum(each.phases.values()) / 1000) for each in told]
    seen = [abs(each.recovery - each.recovery_seen) for each in told]
    print(f"{len(told)} losses: error of the loss at most {max(errors):.2f} s, median {median(errors):.2f} (goal 1)")
    print(f"phases and recovery time differ by {max(sums):.3f} s, from the journal's by {max(seen):.3f} (goal 0.2)")


def moments(world: World, repeats: int, chance: random.Random) -> None:
    """Lose a larger database with both kinds of log, and go back to a chosen second."""
    for name in ("log", "stream"):
        back = 0
        for each in _lost(world, name, repeats, chance):
            print(f"{name:7}{each}", flush=True)
            back = each.back
        acknowledged = world.acknowledged()
        between = [
            number for number in sorted(acknowledged) if number <= back and acknowledged[number] > world.saved_at
        ]
        wanted = between[len(between) // 2] if between else back
        until = acknowledged[wanted] + 0.1
        record = world.drill("moment", "--until", stamp(until))
        found = _last(record)
        size = world_size(world)
        verdict = "right" if found == wanted else f"wrong: {found} instead of {wanted}"
        print(
            f"{name:7}to a chosen second: {verdict}; {record['systems'][0]['rto_ms'] / 1000:.1f} s, database {size} MB"
        )


def _lost(world: World, name: str, number: int, chance: random.Random) -> Iterator[Told]:
    way = methods(world)[name]
    world.begin(way)
    for turn in range(number):
        if turn:
            world.come_back()
        if way.receives:
            world.start_receiver(again=bool(turn))
        world.back_up()
        world.back_up_again_and_again(1)
        time.sleep(chance.uniform(2, 12))
        lost_at = world.lose()
        yield judged(world, world.drill("gone", "--lost-at", stamp(lost_at)), lost_at)


def judged(world: World, record: dict[str, Any], lost_at: float) -> Told:
    """Return what a drill said beside what the application knows."""
    (system,) = record["systems"]
    if system["verdict"] != "passed":
        raise RuntimeError(json.dumps(system, ensure_ascii=False)[:4000])
    acknowledged, back = world.acknowledged(), _last(record)
    lines = (Path(record["folder"]) / "progress.jsonl").read_text().splitlines()
    ended = next(json.loads(line) for line in reversed(lines) if json.loads(line)["event"] == "ended")
    return Told(
        claimed=system["rpo_ms"] / 1000,
        true=lost_at - acknowledged.get(back, lost_at),
        back=back,
        missing=max(acknowledged) - back,
        recovery=system["rto_ms"] / 1000,
        recovery_seen=datetime.fromisoformat(ended["at"]).timestamp() - lost_at,
        phases=system["phases"],
    )


def _last(record: dict[str, Any]) -> int:
    """Return the number of the application's last commit that came back."""
    return int(record["systems"][0]["checks"][0]["found"])


def by_hand(world: World, repeats: int) -> None:
    """Take turns: the drill's fetching and loading, and the same by hand."""
    world.begin(methods(world)["dump"])
    world.back_up()
    world.lose()
    ours, hands = [], []
    for turn in range(repeats):
        for each in ("hand", "ours") if turn % 2 else ("ours", "hand"):
            os.sync()
            if each == "hand":
                hands.append(_by_hand(world))
            else:
                phases = world.drill("gone")["systems"][0]["phases"]
                ours.append((phases["fetch"] / 1000, phases["load"] / 1000))
    for name, taken in (("drill", ours), ("by hand", hands)):
        print(f"{name:8} fetch and load: {', '.join(f'{fetch:.1f} + {load:.1f} s' for fetch, load in taken)}")
    ratio = median(map(sum, ours)) / median(map(sum, hands))
    print(f"drill by hand: {ratio:.2f} (goal 1.2), database {world_size(world)} MB")


def _by_hand(world: World) -> tuple[float, float]:
    """Fetch the dump with restic and load it with PostgreSQL's own programs; return the seconds of both."""
    folder = world.top / "hand"
    folder.mkdir()
    environment = {**os.environ, "RESTIC_PASSWORD": "correct horse"}
    restic = ["restic", "-r", str(world.top / "rest" / "far"), "--no-lock", "--json"]
    begun = time.monotonic()
    tag = f"system:{SYSTEM},part:dump"
    point = subprocess.run([*restic, "snapshots", "--tag", tag], env=environment, check=True, capture_output=True)
    snapshot = json.loads(point.stdout)[-1]["id"]
    subprocess.run(
        [*restic, "restore", snapshot, "--target", str(folder / "out")],
        env=environment,
        check=True,
        capture_output=True,
    )
    fetched = time.monotonic()
    run(["chown", "-R", "postgres:", str(folder)])
    programs, data = postgresql_programs(), folder / "data"
    run([*_AS_POSTGRES, str(programs / "initdb"), "-D", str(data), "-U", "keeper", "-A", "trust", "-E", "UTF8"])
    words = [*_AS_POSTGRES, str(programs / "postgres"), "-D", str(data), "-c", "listen_addresses="]
    server = subprocess.Popen(
        [*words, "-c", f"unix_socket_directories={folder}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = ["-h", str(folder), "-U", "keeper"]
    ask = [str(programs / "psql"), *client, "-d", "postgres", "-c", "CREATE DATABASE school"]
    while subprocess.run(ask, capture_output=True, check=False).returncode:
        time.sleep(0.05)
    (dump,) = (folder / "out").rglob("*.dump")
    options = ["--exit-on-error", "--no-owner", "--no-privileges", "-d", "school"]
    run([str(programs / "pg_restore"), *client, *options, str(dump)])
    loaded = time.monotonic()
    server.terminate()
    server.wait(60)
    shutil.rmtree(folder)
    return fetched - begun, loaded - fetched


def world_size(world: World) -> int:
    """Return the size of the database at A in MB, from its files."""
    return sum(each.stat().st_size for each in (world.data / "base").rglob("*") if each.is_file()) // 1_000_000


def stamp(seconds: float) -> str:
    """Return a moment as RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


if __name__ == "__main__":
    sys.exit(main())
