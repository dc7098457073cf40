"""Following a backup: each file is hashed where it lies as soon as restic has it, while it is still in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from sec_ops.backup.proving.batches import Batches, answers_of, hasher_words, question
from sec_ops.backup.proving.digests import Digests, Hashed, hashed
from sec_ops.backup.proving.stillness import Stillness
from sec_ops.backup.proving.told import Told
from sec_ops.backup.restic.events import Saved
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

    `launcher` are the words the hasher is started by. `roots` are the part's paths; those restic found as in the parent
    are in `alike`. `told` gets all that restic told. `unproved` are the parent's files without a digest, None when
    nothing is known of the parent. `altered` are files with another digest under the identity they were hashed with.
    """

    digests: Digests
    doors: Doors
    roots: Sequence[str]
    told: Told
    unproved: frozenset[str] | None
    launcher: Sequence[str] = ()
    stillness: Stillness = field(init=False)
    alike: set[str] = field(default_factory=set)
    altered: list[str] = field(default_factory=list)
    failed: SecOpsError | None = None
    _as_in_parent: int = 0
    _as_known: int = 0
    _begun: Event = field(default_factory=Event)
    _batches: Batches[Saved] = field(default_factory=lambda: Batches(lambda event: len(event.path) + 80))

    def __post_init__(self) -> None:
        """Begin to look at the roots."""
        self.stillness = Stillness(self.roots)

    @property
    def unchanged(self) -> bool:
        """Return whether restic found each path as it stands in the parent."""
        return self.alike.issuperset(self.roots)

    @property
    def reused(self) -> int:
        """Return how many digests were taken over."""
        return self._as_in_parent + self._as_known

    def __call__(self, event: object) -> None:
        """Take an event; slow down a restic that is far ahead."""
        if not isinstance(event, Saved) or not event.path:
            return
        self.told.add(event.path)
        alike = event.action == _UNCHANGED
        if alike and (root := event.path.rstrip("/") or "/") in self.roots:
            self.alike.add(root)
        if event.path.endswith("/"):
            return
        if alike and self._taken_over(event.path):
            self._as_in_parent += 1
        else:
            self._batches.put(event)

    def run(self, deadline_seconds: float) -> None:
        """Hash what waits until the end is told; a failure is kept, as the backup itself goes on without."""
        try:
            with self.doors.talk(
                hasher_words(self.doors.python, self.launcher), deadline_seconds=deadline_seconds
            ) as spoken:
                self.stillness.begin(spoken)
                self._begun.set()
                for batch in self._batches:
                    self._hash(spoken, batch)
                if not self.unchanged:
                    self.stillness.end(spoken, self.told)
                    self.stillness.whole &= self.told.whole
        except SecOpsError as error:
            self.failed = error
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; what is missing is told as missing
            self.failed = ProgramFailed(message("the files could not be hashed"), why=repr(error))
        finally:
            self._batches.given_up = True
            self._begun.set()

    def begin(self) -> None:
        """Wait until it was seen where the roots lead, which must be before restic goes there."""
        self._begun.wait()

    def end(self) -> None:
        """Tell that no more comes."""
        self._batches.end()

    def drop(self) -> None:
        """Forget what waits: the backup came to nothing."""
        self._batches.drop()

    def _taken_over(self, path: str) -> bool:
        """Return whether the digest of a file stands that restic found as in the parent, where it was proved."""
        proved = self.unproved is not None and path not in self.unproved and _SHOWN_BYTE not in path
        return proved and not self.digests.due(path)

    def _hash(self, spoken: Dialogue, batch: Sequence[Saved]) -> None:
        """Ask for a batch and keep what comes back."""
        before = [[] if self.digests.empty else self.digests.found(each.path) for each in batch]
        asked = (self._question(each.path, found) for each, found in zip(batch, before, strict=True))
        spoken.say("".join(asked) + "\n")
        kept = []
        for number, *told in answers_of(spoken.hear(".")):
            if told:
                kept.append((batch[number].path, self._compared(batch[number], before[number], hashed(told))))
            else:
                self._as_known += 1
        self.digests.keep(kept)

    def _question(self, shown: str, found: Sequence[Hashed]) -> str:
        known = None
        if len(found) == 1 and found[0].whole and not self.digests.due(shown) and _SHOWN_BYTE not in shown:
            known = found[0].identity
        return question(shown, known)

    def _compared(self, event: Saved, before: Sequence[Hashed], now: Hashed) -> Hashed:
        """Return what is true of the snapshot: of a file that restic did not read again, the digest it had."""
        for each in before:
            same = each.path == now.path and each.identity == now.identity
            if same and each.whole and now.whole and each.sha256 != now.sha256:
                self.altered.append(event.path)
                return each if event.action == _UNCHANGED else now
        return now


@contextmanager
def following(follower: Following, *, deadline_seconds: float) -> Iterator[None]:
    """Hash beside a backup; when the context ends all that restic told is hashed."""
    thread = Thread(target=follower.run, args=(deadline_seconds,), name="hashing", daemon=True)
    thread.start()
    try:
        follower.begin()
        yield
    except BaseException:
        follower.drop()
        raise
    finally:
        follower.end()
        thread.join()
