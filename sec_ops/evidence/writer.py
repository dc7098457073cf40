"""The one writer: puts batches of entries on disk, one sync each, and makes the checkpoints.

Several processes may hold a writer on the same folder: each batch is written under the folder's lock, after reading
what others wrote meanwhile. A batch whose writing failed is cut off again; nothing of it was acknowledged.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from sec_ops.evidence.blobs import store_blobs
from sec_ops.evidence.checkpoints import checkpoint_sizes, write_checkpoint
from sec_ops.evidence.drafts import Actor, AppendRequest, Draft, make_draft, sealed_line
from sec_ops.evidence.files import Files
from sec_ops.evidence.keys import load_ring
from sec_ops.evidence.layout import LINES_PER_FILE, Layout
from sec_ops.evidence.recovery import acknowledge, catch_up, starting_state
from sec_ops.evidence.state import LogState
from sec_ops.model.errors import EvidenceBroken, SecOpsError, StorageError
from sec_ops.model.evidence import LogRecovered
from sec_ops.model.protocols import Clock, Randomness, RunProgram
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import storage_error

__all__ = ["CHECKPOINT_ENTRIES", "CHECKPOINT_INTERVAL", "Doors", "Writer"]

CHECKPOINT_ENTRIES = 1_000
CHECKPOINT_INTERVAL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the log needs from outside."""

    files: Files
    clock: Clock
    randomness: Randomness
    run_program: RunProgram


class Writer:
    """Writes to one evidence folder; one thread at a time (see `group.GroupCommit`)."""

    def __init__(self, layout: Layout, doors: Doors, own_actor: Actor) -> None:
        self._layout = layout
        self._doors = doors
        self._own_actor = own_actor
        self._state: LogState | None = None
        self._checkpoint_size = 0
        self._checkpoint_time = doors.clock.now()

    def commit(self, drafts: Sequence[Draft]) -> list[int]:
        """Put entries on disk and return their sequence numbers; makes a checkpoint when one is due.

        Raises StorageError when the disk refuses (no entry of the failing part was written) and EvidenceBroken when
        the log was changed.
        """
        numbers: list[int] = []
        with self._locked():
            pending = list(drafts)
            while pending:
                part = pending[: self._room()]
                numbers += self._write(part)
                pending = pending[len(part) :]
                self._checkpoint_if_due()
        return numbers

    def checkpoint(self) -> int:
        """Sign the log as it stands, unless that was done; return the size. Raises as `commit` and EngineError."""
        with self._locked():
            self._checkpoint()
            return self._known().size

    def checkpoint_if_due(self) -> None:
        """Make a checkpoint when the interval is over and there are new entries."""
        with self._locked():
            self._checkpoint_if_due()

    @contextmanager
    def exclusively(self) -> Iterator[LogState]:
        """Hold the lock and give the state, for changes of the key ring between two entries."""
        with self._locked():
            yield self._known()

    def write_locked(self, requests: Iterable[AppendRequest]) -> list[int]:
        """Put entries on disk while `exclusively` is held."""
        return self._write([make_draft(each, self._own_actor, self._doors.randomness) for each in requests])

    def checkpoint_locked(self) -> None:
        """Make a checkpoint while `exclusively` is held."""
        self._checkpoint()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with self._doors.files.locked(self._layout.lock):
                self._catch_up()
                yield
        except OSError as error:
            self._state = None
            raise storage_error(self._layout.root, error) from error
        except (StorageError, EvidenceBroken):
            self._state = None
            raise

    def _catch_up(self) -> None:
        files, layout = self._doors.files, self._layout
        if self._state and files.size(layout.log_file(self._state.size)) == self._state.offset:
            return
        state = self._state or starting_state(layout, files)
        self._state = None
        recovered = catch_up(layout, files, state)
        self._state = state
        self._checkpoint_size = max(checkpoint_sizes(layout, files), default=0)
        if recovered:
            self._write([self._recovery(recovered)])

    def _recovery(self, recovered: LogRecovered) -> Draft:
        request = AppendRequest(kind=LogRecovered.kind, data=recovered.model_dump())
        return make_draft(request, self._own_actor, self._doors.randomness)

    def _known(self) -> LogState:
        if self._state is None:
            raise AssertionError("the lock is not held")
        return self._state

    def _room(self) -> int:
        """Return how many entries fit before the file ends or a checkpoint is due."""
        size = self._known().size
        until_checkpoint = self._checkpoint_size + CHECKPOINT_ENTRIES - size
        until_file_end = LINES_PER_FILE - size % LINES_PER_FILE
        return min(until_file_end, until_checkpoint if until_checkpoint > 0 else CHECKPOINT_ENTRIES)

    def _write(self, drafts: Sequence[Draft]) -> list[int]:
        files, layout, state = self._doors.files, self._layout, self._known()
        store_blobs(layout, files, [draft.blob for draft in drafts if draft.blob])
        path, first, offset = layout.log_file(state.size), state.size, state.offset
        grown = state.copy()
        time = utc_text(self._doors.clock.now())
        lines = [_place(grown, draft, time) for draft in drafts]
        try:
            files.append(path, b"".join(lines))
            files.sync(path)
            if offset == 0:
                files.sync_folder(layout.log)
        except OSError:
            with suppress(OSError):
                files.truncate(path, offset)
            raise
        self._state = grown
        with suppress(OSError):
            acknowledge(layout, files, grown.size)
        return list(range(first, grown.size))

    def _checkpoint_if_due(self) -> None:
        now, size = self._doors.clock.now(), self._known().size
        fresh = size - self._checkpoint_size
        if fresh >= CHECKPOINT_ENTRIES or (fresh and now - self._checkpoint_time >= CHECKPOINT_INTERVAL):
            # The entries are on disk: a failing signer must not make them look lost; the next checkpoint covers them.
            with suppress(SecOpsError, OSError):
                self._checkpoint()

    def _checkpoint(self) -> None:
        state, layout, files = self._known(), self._layout, self._doors.files
        if not state.size or state.size in (self._checkpoint_size, *checkpoint_sizes(layout, files)[-1:]):
            return
        write_checkpoint(layout, files, state, load_ring(layout, files), self._doors.run_program)
        self._checkpoint_size = state.size
        self._checkpoint_time = self._doors.clock.now()


def _place(state: LogState, draft: Draft, time: str) -> bytes:
    line = sealed_line(draft, sequence=state.size, previous=state.previous, time=time)
    state.add(line)
    return line + b"\n"
