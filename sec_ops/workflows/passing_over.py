"""Imports beside live detection: their events are not judged as they come, and that is no gap."""

from collections.abc import Callable
from contextlib import closing

from sec_ops.detection.database import Database
from sec_ops.detection.live.kept import pass_over
from sec_ops.model.errors import SecOpsError
from sec_ops.siem.records import Transport
from sec_ops.siem.watching import Understood

__all__ = ["PassingOver"]


class PassingOver:
    """Moves a stream's position over what was imported, as long as nothing else was among it.

    What else is among it, left by a process that died, is judged by nobody: the position stays, and the next live
    detection tells of a gap.
    """

    def __init__(self, open_database: Callable[[], Database], failed: Callable[[SecOpsError], None]) -> None:
        self._open = open_database
        self._failed = failed
        self._begun: dict[str, int] = {}

    def begin(self, stream: str, sequence: int) -> None:
        """Go on with a stream."""
        self._begun[stream] = sequence

    def see(self, understood: Understood) -> None:
        """Look where events come from."""
        if understood.transport is not Transport.IMPORT:
            self._begun.pop(understood.stream, None)

    def settle(self, stream: str, sequence: int) -> None:
        """Move the position; an import doesn't fail for it."""
        since = self._begun.get(stream)
        if since is None:
            return
        try:
            with closing(self._open()) as database:
                pass_over(database, stream, since, sequence)
        except SecOpsError as error:
            self._failed(error)
        self._begun[stream] = sequence

    def stored(self, stream: str, sequence: int) -> None:
        """Do nothing."""

    def pause(self) -> None:
        """Do nothing."""
