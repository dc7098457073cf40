"""Opening the repository for the manifest while the data is still being saved: restic's key takes half a second."""

import os
import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.backup.naming import MANIFEST_FILE
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, Stream
from sec_ops.backup.restic.results import BackupResult
from sec_ops.model.errors import SecOpsError

__all__ = ["Waiting", "waiting_manifest"]

_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_PIECE = 65536
_COMMAND = ("sh", "-c", 'cat "$0" && test -e "$1"')
"""Passes on what a pipe of ours holds. When we are gone or gave up, the mark is missing, and no snapshot is made."""


@dataclass(slots=True)
class Waiting:
    """A backup that waits for the manifest's bytes, for a minute at most."""

    restic: Restic
    host: str
    tags: Sequence[str]
    mark: Path
    _reading: int = -1
    _writing: int = -1
    _result: BackupResult | None = None
    _thread: threading.Thread = field(init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start restic."""
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._thread = threading.Thread(target=self._run, name="manifest", daemon=True)
        self._thread.start()

    def fill(self, tags: Sequence[str], path: Path) -> BackupResult | None:
        """Give it the manifest's file and return what came of it; None when it is too late, or other tags are wanted.

        Raises OSError when the file can't be read.
        """
        with self._turn:
            if tuple(tags) != tuple(self.tags) or self._writing < 0:
                return None
            with path.open("rb") as stream:
                while (piece := stream.read(_PIECE)) and self._wrote(piece):
                    pass
            self.mark.touch()
            self._close()
        self._thread.join()
        return self._result if self._result and self._result.judged.good else None

    def give_up(self) -> None:
        """End the waiting; what was not filled leaves no snapshot."""
        with self._turn:
            self._close()

    def end(self) -> None:
        """Give up, and wait until restic has ended."""
        self.give_up()
        self._thread.join()
        os.close(self._reading)
        self.mark.unlink(missing_ok=True)

    def _run(self) -> None:
        words = (*_COMMAND, f"/proc/{os.getpid()}/fd/{self._reading}", str(self.mark))
        request = BackupRequest(host=self.host, tags=self.tags, stream=Stream(command=words, filename=MANIFEST_FILE))
        # What goes wrong here is told by the ordinary way of saving, which comes next.
        with suppress(SecOpsError):
            self._result = self.restic.backup(request)

    def _wrote(self, piece: bytes) -> bool:
        """Write a piece; return false when restic has ended and nobody reads."""
        left = memoryview(piece)
        while left and self._thread.is_alive():
            if select.select([], [self._writing], [], _LOOK_SECONDS)[1]:
                left = left[os.write(self._writing, left) :]
        return not left

    def _close(self) -> None:
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1


@contextmanager
def waiting_manifest(restic: Restic, *, host: str, tags: Sequence[str], folder: Path) -> Iterator[Waiting]:
    """Have a backup wait for a manifest with these tags; none is made unless it is filled. `folder` is the run's."""
    waiting = Waiting(restic, host, tags, folder / f".{MANIFEST_FILE}.whole")
    waiting.start()
    patience = threading.Timer(_PATIENCE_SECONDS, waiting.give_up)
    patience.daemon = True
    patience.start()
    try:
        yield waiting
    finally:
        patience.cancel()
        waiting.end()
