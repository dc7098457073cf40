"""File doors that fail: one loses power and with it what was not synced, one is full."""

import errno
import random
import shutil
from pathlib import Path

from sec_ops.evidence.files import DiskFiles


class PowerLost(BaseException):
    """The machine is off; nothing of the program runs on."""


class LosingFiles(DiskFiles):
    """The real disk, with a memory of what is not on it for sure; power goes off at an operation."""

    def __init__(self, lose_at: int) -> None:
        self._left = lose_at
        self._durable: dict[Path, bytes | None] = {}
        self._names: dict[Path, Path | None] = {}

    def lose(self, chance: random.Random) -> None:
        """Take away what was not synced: all of it, none, or a part, also with holes."""
        for path, durable in self._durable.items():
            if path.exists():
                path.write_bytes(_survives(durable or b"", path.read_bytes(), chance))
        for new, old in reversed(self._names.items()):
            if new.exists() and chance.random() < 0.5:
                if old is not None:
                    new.rename(old)
                elif new.is_dir():
                    shutil.rmtree(new)
                else:
                    new.unlink()

    def append(self, path: Path, data: bytes) -> None:
        self._remember(path)
        cut = random.Random(self._left).randint(0, len(data))
        if self._left == 0:
            super().append(path, data[:cut])
        self._step()
        super().append(path, data)

    def overwrite(self, path: Path, data: bytes) -> None:
        self._remember(path)
        self._step()
        super().overwrite(path, data)

    def sync(self, path: Path) -> None:
        self._step()
        self._durable.pop(path, None)

    def truncate(self, path: Path, size: int) -> None:
        self._step()
        super().truncate(path, size)
        self._durable.pop(path, None)

    def write(self, path: Path, data: bytes) -> None:
        self._step()
        fresh = not path.exists()
        path.write_bytes(data)
        if fresh:
            self._names[path] = None

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        super().rename(old, new)
        self._names[new] = old

    def sync_folder(self, folder: Path) -> None:
        self._step()
        for path in [path for path in self._names if path.parent == folder]:
            del self._names[path]

    def _remember(self, path: Path) -> None:
        if path not in self._durable:
            self._durable[path] = path.read_bytes() if path.exists() else None
            if not path.exists():
                self._names[path] = None

    def _step(self) -> None:
        if self._left == 0:
            raise PowerLost
        self._left -= 1


class FullDisk(DiskFiles):
    """The real disk, which refuses one write half-way."""

    def __init__(self, refuse_at: int, number: int, only: str = "") -> None:
        self._left = refuse_at
        self._number = number
        self._only = only
        self.refused = False

    def _write(self, path: Path, flags: int, data: bytes) -> None:
        if path.name != "acknowledged" and (not self._only or path.suffix == ".jsonl"):
            if self._left == 0:
                self._left -= 1
                self.refused = True
                super()._write(path, flags, data[: len(data) // 2])
                raise OSError(self._number, errno.errorcode[self._number])
            self._left -= 1
        super()._write(path, flags, data)


def _survives(durable: bytes, now: bytes, chance: random.Random) -> bytes:
    if not now.startswith(durable):
        return chance.choice([durable, now])
    rest = now[len(durable) :]
    kept = rest[: chance.randint(0, len(rest))]
    if kept and chance.random() < 0.3:
        hole = chance.randint(0, len(kept))
        kept = b"\0" * hole + kept[hole:]
    return durable + kept
