"""Hashing what a restore writes, while it is still in memory."""

import base64
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Thread

from sec_ops.backup.proving.batches import Batches, answers_of, hasher_words, question
from sec_ops.backup.proving.comparing import There
from sec_ops.backup.proving.listing import CHANGED, UNREAD
from sec_ops.backup.proving.reading import as_shown
from sec_ops.backup.restic.events import Event, Saved
from sec_ops.backup.source import Doors
from sec_ops.model.errors import ProgramFailed, SecOpsError
from sec_ops.model.messages import message
from sec_ops.transport.dialogue import Dialogue

__all__ = ["Entry", "Hashing", "hashing", "standing", "walked"]

Entry = tuple[bytes, str, int, str]
"""Path as it was, type, size in bytes and digest."""

_ROOM = 120
"""Characters of a question beside its path; a root is taken to be no longer."""

_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "dev",
    stat.S_IFCHR: "chardev",
}


@dataclass(slots=True)
class Hashing:
    """Takes the paths of files below `root` and gives their digests to `keep`; `failed` says why it ended early."""

    root: Path
    doors: Doors
    keep: Callable[[list[Entry]], None]
    failed: SecOpsError | None = None
    _batches: Batches[str] = field(default_factory=lambda: Batches(lambda shown: len(shown) + _ROOM))

    def __call__(self, event: Event) -> None:
        """Take an event of the restore."""
        if isinstance(event, Saved) and event.path and not event.path.endswith("/"):
            self.hash(event.path)

    def hash(self, shown: str) -> None:
        """Take a path as restic shows it, `/` being the root."""
        self._batches.put(shown)

    def run(self, deadline_seconds: float) -> None:
        """Hash until the end is told."""
        try:
            with self.doors.talk(hasher_words(self.doors.python), deadline_seconds=deadline_seconds) as spoken:
                for batch in self._batches:
                    self.keep(self._hashed(spoken, batch))
        except SecOpsError as error:
            self.failed = error
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; what is missing is told as missing
            self.failed = ProgramFailed(message("the files could not be hashed"), why=repr(error))
        finally:
            self._batches.given_up = True

    def end(self) -> None:
        """Tell that no more comes."""
        self._batches.end()

    def _hashed(self, spoken: Dialogue, batch: list[str]) -> list[Entry]:
        root = os.fsencode(self.root).rstrip(b"/")
        shown_root = as_shown(root)
        spoken.say("".join(question(shown_root + shown, None) for shown in batch) + "\n")
        kept: list[Entry] = []
        for number, path, _device, _inode, size, _mtime, _ctime, digest, *_rights in answers_of(spoken.hear(".")):
            raw = (
                base64.b64decode(path[0]) if isinstance(path, list) else os.fsencode(path or shown_root + batch[number])
            )
            if digest not in (CHANGED, UNREAD):
                kept.append((raw[len(root) :], "file", size, digest))
        return kept


@contextmanager
def hashing(
    root: Path, doors: Doors, keep: Callable[[list[Entry]], None], *, deadline_seconds: float
) -> Iterator[Hashing]:
    """Hash beside a restore; when the context ends all that was taken is hashed."""
    worker = Hashing(root, doors, keep)
    thread = Thread(target=worker.run, args=(deadline_seconds,), name="hashing", daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.end()
        thread.join()


def walked(root: Path) -> Iterator[There]:
    """Return all that is below a folder; what can't be read is left out, and so counts as missing."""
    base = os.fsencode(root).rstrip(b"/")
    folders = [b""]
    while folders:
        folder = folders.pop()
        with suppress(OSError), os.scandir(base + folder or b"/") as entries:
            for each in entries:
                path = folder + b"/" + each.name
                if each.is_dir(follow_symlinks=False):
                    folders.append(path)
                yield _there(path, each.path, each.stat(follow_symlinks=False))


def standing(root: Path, paths: Iterable[bytes]) -> Iterator[There]:
    """Return those paths below a folder that are there."""
    base = os.fsencode(root).rstrip(b"/")
    for path in paths:
        with suppress(OSError):
            yield _there(path, base + path, os.lstat(base + path))


def _there(path: bytes, place: bytes, seen: os.stat_result) -> There:
    kind = _TYPES.get(stat.S_IFMT(seen.st_mode), "irregular")
    leads = sha256(os.readlink(place)).hexdigest() if kind == "symlink" else ""  # noqa: PTH115 - bytes
    return There(path, kind, leads, stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid)
