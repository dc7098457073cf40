"""What sec-ops costs over plain restic on a mixed tree of 2 GB, manifest included.

    python -m benchmarks.backup_overhead [--gigabytes 2] [--repeats 3] [--folder FOLDER] [--seed N]

The tree is made up anew from a fresh seed in a temporary folder: small pages, pictures and documents that do not
compress, four tables of 150 MB. Plain restic and `sec-ops backup run` and `restore` take turns, each turn a process of
its own on repositories made anew; both see a tree that is in the page cache. CPU seconds are of the process and all
its children. The manifest's share is measured apart: hashing, listing, signing and saving it, on files that are
already in the repository.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sec_ops.backup.restic.program import find_restic
from sec_ops.transport.process import run_program

_SYSTEM = "student-records"
_PASSWORD = "correct horse"
_INVENTORY = Path(__file__).parents[1] / "inventory"


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and CPU seconds of a turn, children included."""

    wall: float
    cpu: float


def main() -> int:
    """Make the tree, take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sec-ops-overhead-", dir=asked.folder) as made:
        top = Path(made)
        files, size = make_tree(top / "tree", asked.gigabytes, asked.seed)
        print(f"seed {asked.seed}: {files} files, {size / 1e9:.2f} GB; load {os.getloadavg()[0]:.1f}", flush=True)
        turns = [turn(top, number) for number in range(asked.repeats)]
        show(turns)
        print(f"load {os.getloadavg()[0]:.1f}")
    return 0


def turn(top: Path, number: int) -> dict[str, Cost]:
    """Return what each step took, ours and plain restic's, which of them first changing from turn to turn."""
    folder = top / f"turn-{number}"
    folder.mkdir()
    # One repository for both: how long its key takes depends on how busy the machine was when it was made.
    run([_restic(), "-r", str(folder / "made"), "init"])
    ours, plain = Ours(top / "tree", folder), Plain(top / "tree", folder)
    costs: dict[str, Cost] = {}
    for step in ("first", "unchanged", "again", "restore"):
        for each in (plain, ours) if number % 2 else (ours, plain):
            os.sync()
            costs[f"{each.name} {step}"] = getattr(each, step)()
    shutil.rmtree(folder)
    return costs


def run(words: Sequence[str]) -> tuple[Cost, str]:
    """Run a program to its end and return what it took and said; ends all when it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(words, stdout=output, stderr=output, env=environment | {"RESTIC_PASSWORD": _PASSWORD})
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace")
    if child.returncode != 0:
        sys.exit(f"{words[:6]} ended with {child.returncode}: {said[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime), said


def make_tree(tree: Path, gigabytes: float, seed: int) -> tuple[int, int]:
    """Make the tree up; return its files and bytes."""
    chance = random.Random(seed)
    words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 9))) for _ in range(5000)]
    makers: list[tuple[str, int, Callable[[], bytes]]] = [
        ("pages/{0:03}/{1}.html", 20_000, lambda: b" ".join(chance.choices(words, k=chance.randint(40, 2_800)))),
        ("pictures/{0:03}/{1}.jpg", 2_000, lambda: chance.randbytes(chance.randint(100_000, 600_000))),
        ("documents/{0:03}/{1}.docx", 100, lambda: chance.randbytes(chance.randint(1_000_000, 6_000_000))),
        ("tables/{0:03}/{1}.csv", 4, lambda: table(chance, words, 150_000_000)),
    ]
    files = size = 0
    for name, count, content in makers:
        for number in range(max(1, round(count * gigabytes / 2))):
            path = tree / name.format(number // 200, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content()
            path.write_bytes(data)
            files, size = files + 1, size + len(data)
    return files, size


def table(chance: random.Random, words: Sequence[bytes], size: int) -> bytes:
    """Return a table of about so many bytes; no two blocks of it are alike."""
    lines, rest = [], size
    while rest > 0:
        block = b"\n".join(
            b"%d,%d,%s,%d"
            % (chance.getrandbits(40), chance.getrandbits(16), chance.choice(words), chance.getrandbits(30))
            for _ in range(20_000)
        )
        lines.append(block)
        rest -= len(block)
    return b"\n".join(lines)


_GOALS: Sequence[tuple[str, str, Callable[[Cost, Cost], float], str]] = (
    ("first", "by plain, wall", lambda ours, plain: ours.wall / plain.wall, "≤ 1.05"),
    ("first", "more by plain, CPU %", lambda ours, plain: 100 * (ours.cpu / plain.cpu - 1), "≤ 10"),
    ("unchanged", "more than plain, wall s", lambda ours, plain: ours.wall - plain.wall, "≤ 1"),
    ("again", "more than plain, wall s", lambda ours, plain: ours.wall - plain.wall, "≤ 1"),
    ("restore", "by plain, wall", lambda ours, plain: ours.wall / plain.wall, "≤ 1.05"),
)


def show(turns: Sequence[dict[str, Cost]]) -> None:
    """Print medians and ranges of the turns, then the figures that have a goal."""
    for name in turns[0]:
        walls, cpus = [each[name].wall for each in turns], [each[name].cpu for each in turns]
        print(f"{name:20} wall {spread(walls)} s   CPU {spread(cpus)} s")
    for step, about, figure, goal in _GOALS:
        figures = [figure(each[f"sec-ops {step}"], each[f"restic {step}"]) for each in turns]
        print(f"{step:10} {about:24} {spread(figures)}   goal {goal}")


def spread(figures: Sequence[float]) -> str:
    """Return median and range."""
    return f"{median(figures):7.2f} ({min(figures):.2f} to {max(figures):.2f})"


class Plain:
    """restic by hand."""

    name = "restic"

    def __init__(self, tree: Path, folder: Path) -> None:
        self._tree, self._folder = tree, folder
        self._words = [_restic(), "-r", str(folder / "plain"), "--cache-dir", str(folder / "cache")]
        self._snapshot = ""
        shutil.copytree(folder / "made", folder / "plain")

    def first(self) -> Cost:
        """Save all."""
        cost, said = self._backup()
        self._snapshot = json.loads(said.splitlines()[-1])["snapshot_id"]
        return cost

    def unchanged(self) -> Cost:
        """Save what has not changed."""
        return self._backup()[0]

    def again(self) -> Cost:
        """Save it once more."""
        return self._backup()[0]

    def restore(self) -> Cost:
        """Restore all."""
        target = self._folder / "plain-out"
        cost, _said = run([*self._words, "restore", self._snapshot, "--target", str(target)])
        shutil.rmtree(target)
        return cost

    def _backup(self) -> tuple[Cost, str]:
        return run([*self._words, "backup", "--json", "--host", "h", str(self._tree)])


class Ours:
    """`sec-ops backup run` and `restore`."""

    name = "sec-ops"

    def __init__(self, tree: Path, folder: Path) -> None:
        self._tree, self._folder = tree, folder
        self._site = folder / "site"
        self._ran = ""
        self._made()

    def first(self) -> Cost:
        """Save all."""
        return self._run()

    def unchanged(self) -> Cost:
        """Save what has not changed."""
        return self._run()

    def again(self) -> Cost:
        """Save it once more."""
        return self._run()

    def restore(self) -> Cost:
        """Restore all, compared with the manifest."""
        target = self._folder / "our-out"
        cost, _said = run(
            self._words("restore", _SYSTEM, "--run", self._ran, "--repository", "near", "--target", str(target))
        )
        shutil.rmtree(target)
        return cost

    def _run(self) -> Cost:
        cost, said = run(self._words("run", _SYSTEM, "--json"))
        self._ran = json.loads(said)["systems"][0]["run"]
        return cost

    def _words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "sec_ops", "--site", str(self._site), "backup", *words]

    def _made(self) -> None:
        """Make a site with a plan of the tree, and its repository."""
        run([sys.executable, "-m", "sec_ops", "init", str(self._site)])
        shutil.rmtree(self._site / "inventory")
        shutil.copytree(_INVENTORY, self._site / "inventory")
        backup = self._site / "backup"
        shutil.copy(_INVENTORY.parent / "backup" / "places.yml", backup / "places.yml")
        (self._site / "secrets").mkdir(exist_ok=True)
        (self._site / "secrets" / "word").write_text(_PASSWORD)
        (self._site / "secrets" / "word").chmod(0o600)
        repository = {
            "id": "near",
            "place": "centre",
            "location": str(self._folder / "ours"),
            "password": {"file": "secrets/word"},
        }
        plan = {
            "id": _SYSTEM,
            "place": "centre",
            "answers": "chen",
            "sources": [{"id": "files", "kind": "files", "settings": {"paths": [str(self._tree)]}}],
            "repository": "near",
            "timing": {"daily": "02:00"},
            "retention": {"daily": 7},
        }
        for kind, document in (("repositories/near", repository), (f"plans/{_SYSTEM}", plan)):
            path = backup / f"{kind}.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document))
        shutil.copytree(self._folder / "made", self._folder / "ours")


def _restic() -> str:
    return find_restic(run_program).path


if __name__ == "__main__":
    sys.exit(main())
