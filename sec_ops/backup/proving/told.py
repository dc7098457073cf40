"""What restic told to be in a snapshot, kept as it came: a few megabytes in memory, the rest in a file."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, Self, cast

__all__ = ["Told"]

_MEMORY_BYTES = 16 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024
_END = b"\0"
"""What no path holds."""


class Told:
    """Paths, a folder's with `/` at its end; gone with the context. `folder` is for those that memory won't hold."""

    def __init__(self, folder: Path) -> None:
        spool = SpooledTemporaryFile(max_size=_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115 - closed by our context
        self._spool = cast("IO[bytes]", spool)
        self.whole = True

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Forget everything."""
        self._spool.close()

    def add(self, path: str) -> None:
        """Take a path; what there is no room for leaves the rest not `whole`."""
        try:
            self._spool.write(path.encode() + _END)
        except OSError:
            self.whole = False

    def __iter__(self) -> Iterator[str]:
        """Return the paths in the order they came; nothing may be added meanwhile."""
        self._spool.seek(0)
        rest = b""
        while piece := self._spool.read(_PIECE_BYTES):
            *whole, rest = (rest + piece).split(_END)
            for each in whole:
                yield each.decode()
