"""Group commit: whoever gets the turn commits for all who wait, so that many callers share one sync."""

import threading
from collections.abc import Callable, Sequence

from sec_ops.evidence.drafts import Draft

__all__ = ["GroupCommit"]


class _Ticket:
    """One caller's drafts and, later, their numbers or what went wrong."""

    __slots__ = ("drafts", "error", "numbers")

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self.numbers: list[int] | None = None
        self.error: BaseException | None = None


class GroupCommit:
    """Gathers drafts of many threads into batches."""

    def __init__(self, commit: Callable[[Sequence[Draft]], list[int]]) -> None:
        self._commit = commit
        self._gate = threading.Lock()
        self.turn = threading.Lock()
        self._waiting: list[_Ticket] = []

    def submit(self, drafts: Sequence[Draft]) -> list[int]:
        """Return the sequence numbers once the drafts are on disk; raises what the commit of their batch raised."""
        ticket = _Ticket(drafts)
        with self._gate:
            self._waiting.append(ticket)
        with self.turn:
            if ticket.numbers is None and ticket.error is None:
                self._commit_waiting()
        if ticket.error:
            raise ticket.error
        return ticket.numbers or []

    def _commit_waiting(self) -> None:
        with self._gate:
            batch, self._waiting = self._waiting, []
        try:
            numbers = self._commit([draft for ticket in batch for draft in ticket.drafts])
        except BaseException as error:
            # Each caller raises it; an interruption ends this thread too.
            for ticket in batch:
                ticket.error = error
            if isinstance(error, Exception):
                return
            raise
        for ticket in batch:
            ticket.numbers, numbers = numbers[: len(ticket.drafts)], numbers[len(ticket.drafts) :]
