"""Following a backup: each file is hashed where it lies as soon as restic has it, while it is still in memory."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from sec_ops.backup.proving.batches import Batches, hasher_words
from sec_ops.backup.proving.digests import Digests, Hashed
from sec_ops.backup.restic.events import Event, Saved
from sec_ops.backup.source import Doors
from sec_ops.model.errors import ProgramFailed, SecOpsError
from sec_ops.model.messages import message
from sec_ops.transport.dialogue import Dialogue

__all__ = ["Following", "following"]

_UNCHANGED = "unchanged"
_SHOWN_BYTE = "\N{REPLACEMENT CHARACTER}"


@dataclass(slots=True)
class Following:
    """Takes the events of a backup. After it: what was reused and altered in silence, and why hashing ended early.

    `launcher` are the words the hasher is started by. `roots` are the part's paths, a folder's with `/` at its end;
    those restic found as in the parent are in `alike`.
    `altered` are files with another digest under the identity they were hashed with last.
    """

    digests: Digests
    doors: Doors
    roots: frozenset[str]
    launcher: Sequence[str] = ()
    alike: set[str] = field(default_factory=set)
    reused: int = 0
    altered: list[str] = field(default_factory=list)
    failed: SecOpsError | None = None
    _batches: Batches[Saved] = field(default_factory=lambda: Batches(lambda event: len(event.path) + 80))

    def __call__(self, event: Event) -> None:
        """Take an event; slow down a restic that is far ahead."""
        if not isinstance(event, Saved) or not event.path:
            return
        if event.action == _UNCHANGED and event.path in self.roots:
            self.alike.add(event.path)
        if event.path.endswith("/"):
            return
        self._batches.put(event)

    def run(self, deadline_seconds: float) -> None:
        """Hash what waits until the end is told; a failure is kept, as the backup itself goes on without."""
        try:
            with self.doors.talk(
                hasher_words(self.doors.python, self.launcher), deadline_seconds=deadline_seconds
            ) as spoken:
                for batch in self._batches:
                    self._hash(spoken, batch)
        except SecOpsError as error:
            self.failed = error
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; what is missing is told as missing
            self.failed = ProgramFailed(message("the files could not be hashed"), why=repr(error))
        finally:
            self._batches.given_up = True

    def end(self) -> None:
        """Tell that no more comes."""
        self._batches.end()

    def drop(self) -> None:
        """Forget what waits: the backup came to nothing."""
        self._batches.drop()

    def _hash(self, spoken: Dialogue, batch: Sequence[Saved]) -> None:
        """Ask for a batch and keep what comes back."""
        before = [[] if self.digests.empty else self.digests.found(each.path) for each in batch]
        asked = (self._question(each.path, found) for each, found in zip(batch, before, strict=True))
        spoken.say("".join(asked) + "\n")
        kept = []
        for line in spoken.hear("."):
            number, *told = json.loads(line)
            if told:
                kept.append((batch[number].path, self._compared(batch[number], before[number], _hashed(told))))
            else:
                self.reused += 1
        self.digests.keep(kept)

    def _question(self, shown: str, found: Sequence[Hashed]) -> str:
        known = None
        if len(found) == 1 and found[0].whole and not self.digests.due(shown) and _SHOWN_BYTE not in shown:
            known = found[0].identity
        return json.dumps([shown, known]) + "\n"

    def _compared(self, event: Saved, before: Sequence[Hashed], now: Hashed) -> Hashed:
        """Return what is true of the snapshot: of a file that restic did not read again, the digest it had."""
        for each in before:
            same = each.path == now.path and each.identity == now.identity
            if same and each.whole and now.whole and each.sha256 != now.sha256:
                self.altered.append(event.path)
                return each if event.action == _UNCHANGED else now
        return now


@contextmanager
def following(
    digests: Digests, doors: Doors, *, roots: frozenset[str], launcher: Sequence[str], deadline_seconds: float
) -> Iterator[Following]:
    """Hash beside a backup; when the context ends all that restic told is hashed."""
    follower = Following(digests, doors, roots=roots, launcher=launcher)
    thread = Thread(target=follower.run, args=(deadline_seconds,), name="hashing", daemon=True)
    thread.start()
    try:
        yield follower
    except BaseException:
        follower.drop()
        raise
    finally:
        follower.end()
        thread.join()


def _hashed(told: Sequence[Any]) -> Hashed:
    path, device, inode, size, mtime, ctime, sha256 = told
    return Hashed("" if path is None else json.dumps(path), (device, inode, size, mtime, ctime), sha256)
