"""How often the gate holds attacks, and ordinary nights.

    python -m benchmarks.ransomware_gate [--seed N] [--nights 300] [--attacks 10] [--real 12]

Schools of several shapes pass nights of ordinary work; a copy of each is attacked after some: at once (5 to 100 % of
the files) or slowly (1 to 3 % each night, beside the ordinary work). What restic would tell is computed from the trees
(one piece of data a file, packed by zstd as restic does it), and samples are taken as the gate takes them. `--real`
nights go through real restic as well: both must raise the same signs but for samples chosen otherwise. A seed is fresh
unless given, and told.
"""

import argparse
import copy
import random
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import zstandard

from benchmarks._school import MASS, SHAPES, SLOW, School, ordinary_night, school
from sec_ops.backup.retaining.looking import HEAD_BYTES, look
from sec_ops.backup.retaining.sampling import Changed, samples_of
from sec_ops.backup.retaining.signs import Grown, Measured, Past, Raised, Touched, holds, past_of, raised

SLOW_NIGHTS = 30
_STREAM = "/dump.sql"
_LINES_AT_LEAST = 150


@dataclass
class Nights:
    """A repository as it would be: what was stored, the last tree of each part, its history."""

    stored: set[bytes] = field(default_factory=set)
    last: dict[str, dict[str, bytes]] = field(default_factory=dict)
    grown: dict[str, Grown] = field(default_factory=dict)
    history: dict[str, list[Past]] = field(default_factory=dict)

    def night(self, made: School, chance: random.Random, *, keep: bool = False) -> tuple[Raised, ...]:
        """Save what there is, return the signs; a night that is held is not kept unless it is lifted (`keep`)."""
        parts = {"files": made.files, "dump": {_STREAM: made.dump}}
        grown = {part: self._save(files) for part, files in parts.items()}
        found: list[Raised] = []
        measured = {
            part: measure(part, self.last[part], files, self.grown[part], grown[part], chance)
            for part, files in parts.items()
            if part in self.last
        }
        for part, now in measured.items():
            found += raised(now, self.history[part])
        if keep or not holds(found):
            for part, files in parts.items():
                self.last[part], self.grown[part] = dict(files), grown[part]
                pasts = self.history.setdefault(part, [])
                pasts.append(past_of(measured[part]) if part in measured else first(grown[part]))
        return tuple(found)

    def _save(self, files: Mapping[str, bytes]) -> Grown:
        added = packed = 0
        for data in files.values():
            for piece in pieces(data):
                digest = sha256(piece).digest()
                if digest not in self.stored:
                    self.stored.add(digest)
                    added += len(piece)
                    packed += packed_size(piece)
        return Grown(files=len(files), bytes=sum(map(len, files.values())), added=added, packed=packed)


def pieces(data: bytes) -> Iterator[bytes]:
    """Return what restic would store apart: files whole, the dump cut where its own lines say so."""
    if not data.startswith(b"-- PostgreSQL"):
        yield data
        return
    piece: list[bytes] = []
    for line in data.splitlines(keepends=True):
        piece.append(line)
        if len(piece) >= _LINES_AT_LEAST and crc32(line) % _LINES_AT_LEAST == 0:
            yield b"".join(piece)
            piece.clear()
    yield b"".join(piece)


def packed_size(piece: bytes) -> int:
    """Return the bytes of a stored piece: packed, with nonce and tag."""
    return len(zstandard.ZstdCompressor(level=3).compress(piece)) + 32


def first(grown: Grown) -> Past:
    """Return the history that a first backup leaves."""
    return Past(share=0.0, added=grown.added, packed=grown.packed)


def measure(
    part: str,
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    earlier: Grown,
    later: Grown,
    chance: random.Random,
) -> Measured:
    """Return a part's two nights compared as restic's diff would."""
    changed = [path for path, data in after.items() if path in before and before[path] != data]
    added = [path for path in after if path not in before]
    removed = [path for path in before if path not in after]
    old, new = ({piece for data in tree.values() for piece in pieces(data)} for tree in (before, after))
    return Measured(
        part=part,
        stream=part == "dump",
        before=earlier,
        after=later,
        touched=Touched(
            changed=len(changed),
            added=len(added),
            removed=len(removed),
            added_bytes=sum(map(len, new - old)),
            removed_bytes=sum(map(len, old - new)),
        ),
        samples=samples_of(
            Changed(changed=changed, added=added, removed=removed),
            before=lambda path: before[path][:HEAD_BYTES],
            after=lambda path: after[path][:HEAD_BYTES],
            chance=chance,
        ),
    )


@dataclass
class Count:
    """Attacks of one kind: how many, how many held, after how many nights and with what share of the files lost."""

    tried: int = 0
    held: int = 0
    nights: list[int] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def main() -> int:
    """Run both sides; return 1 when an attack was missed or too many nights were held."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    asked.add_argument("--nights", type=int, default=300)
    asked.add_argument("--attacks", type=int, default=10, help="of each kind")
    asked.add_argument("--real", type=int, default=12, help="nights that go through restic too; 0 without restic")
    options = asked.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    attacks: dict[str, Count] = {}
    nights = held = turn = 0
    why: list[str] = []
    while nights < options.nights or any(each.tried < options.attacks for each in attacks.values()) or not attacks:
        shape = list(SHAPES)[turn % len(SHAPES)]
        made = school(chance.randrange(2**32), shape, chance.choice([60, 150, 400]))
        past = Nights()
        past.night(made, chance)
        for night in range(25):
            if night >= 3:
                _attack_some(made, past, chance, attacks, options.attacks, shape)
            before = copy.deepcopy(made)
            name = ordinary_night(made)
            found = past.night(made, chance)
            nights += 1
            if holds(found):
                held += 1
                why.append(f"  {name}, {shape}, {len(before.files)} files: {_told(found)}")
                past.night(made, chance, keep=True)
        turn += 1
    _report(nights, held, why, attacks)
    different = real_nights(options.real, chance) if options.real else 0
    missed = sum(each.tried - each.held for each in attacks.values())
    return int(missed > 0 or held * 100 > nights or different > 0)


def _attack_some(
    made: School, past: Nights, chance: random.Random, attacks: dict[str, Count], wanted: int, shape: str
) -> None:
    kinds = [(f"{each.__name__}, at once", each, False) for each in MASS]
    kinds += [(f"{each.__name__}, slowly", each, True) for each in SLOW]
    for name, _attack, _slow in kinds:
        attacks.setdefault(name, Count())
    short = [each for each in kinds if attacks[each[0]].tried < wanted]
    if not short or chance.random() < 0.5:
        return
    name, attack, slow = chance.choice(short)
    world, repository = copy.deepcopy(made), copy.deepcopy(past)
    count = attacks[name]
    count.tried += 1
    lost, files = 0.0, len(world.files)
    share = chance.uniform(0.01, 0.03) if slow else chance.choice([0.05, 0.2, 0.5, 1.0])
    for night in range(1, (SLOW_NIGHTS if slow else 1) + 1):
        if slow:
            ordinary_night(world)
        attack(world, share)
        lost += share
        found = repository.night(world, chance)
        if holds(found):
            count.held += 1
            count.nights.append(night)
            count.lost.append(lost)
            return
    count.missed.append(f"  missed: {name}, {shape}, {files} files, {share:.3f}: {_told(found)}")


def _told(found: tuple[Raised, ...]) -> str:
    return "; ".join(f"{each.part}: {each.sign.value} ({each.why})" for each in found) or "no sign"


def _report(nights: int, held: int, why: list[str], attacks: dict[str, Count]) -> None:
    print(f"\nordinary nights: {nights}, held: {held} ({held * 100 / nights:.2f} in 100; goal <= 1)")
    print("\n".join(why))
    print(f"\n{'attack':<28}{'tried':>6}{'held':>6}{'nights until':>14}{'files lost until':>18}")
    for name, count in attacks.items():
        worst, lost = max(count.nights, default=0), max(count.lost, default=0.0)
        print(f"{name:<28}{count.tried:>6}{count.held:>6}{worst:>14}{lost:>17.0%}")
        print("\n".join(count.missed), end="\n" if count.missed else "")


# Real restic


def real_nights(nights: int, chance: random.Random) -> int:
    """Let some nights go through restic; return how many were judged otherwise than computed."""
    from tests.servers.restic import make_repository, make_restic

    different = 0
    verdicts: Counter[str] = Counter()
    for shape in list(SHAPES)[: max(1, nights // 4)]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            restic = make_restic(make_repository(folder / "repository"), folder)
            assert restic.init().judged.good
            made = school(chance.randrange(2**32), shape, 60)
            computed, real = Nights(), RealNights(restic=restic, folder=folder / "tree")
            for night in range(4):
                kind = "first"
                if night == 3:
                    attack = chance.choice(MASS[:4])
                    attack(made, 0.3)
                    kind = attack.__name__
                elif night:
                    kind = ordinary_night(made)
                one = computed.night(made, chance)
                other = real.night(made, chance)
                same = holds(one) == holds(other)
                different += not same
                verdicts["held" if holds(other) else "passed"] += 1
                print(f"  restic: {shape:<8}{kind:<16} computed {_told(one)}\n{'':<34} real {_told(other)}")
    print(f"through restic: {dict(verdicts)}, judged otherwise than computed: {different}")
    return different


@dataclass
class RealNights:
    """The same by restic: files only."""

    restic: object
    folder: Path
    last: str = ""
    grown: Grown | None = None
    history: list[Past] = field(default_factory=list)

    def night(self, made: School, chance: random.Random) -> tuple[Raised, ...]:
        """Write the tree, save it, judge."""
        from sec_ops.backup.restic.client import Restic
        from sec_ops.backup.restic.requests import BackupRequest

        assert isinstance(self.restic, Restic)
        _write(self.folder, made.files)
        summary = self.restic.backup(BackupRequest(host="school", tags=["files"], paths=[self.folder])).summary
        assert summary
        grown = Grown(
            files=summary.total_files,
            bytes=summary.total_bytes,
            added=summary.data_added,
            packed=summary.data_added_packed,
        )
        found: tuple[Raised, ...] = ()
        past = first(grown)
        if self.last:
            assert self.grown
            looked = look(self.restic, self.last, summary.snapshot_id, chance)
            assert looked.touched
            now = Measured(
                part="files",
                stream=False,
                before=self.grown,
                after=grown,
                touched=looked.touched,
                samples=looked.samples,
            )
            found, past = raised(now, self.history), past_of(now)
        if not holds(found):
            self.last, self.grown = summary.snapshot_id, grown
            self.history.append(past)
        return found


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    wanted = {folder / path.lstrip("/"): data for path, data in files.items()}
    for path in [each for each in folder.rglob("*") if each.is_file() and each not in wanted]:
        path.unlink()
    for path, data in wanted.items():
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
