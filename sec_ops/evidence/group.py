"""Group commit: whoever gets the turn commits for all who wait, so that many callers share one sync."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["GroupCommit"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Ticket(Generic[Item, Result]):
    """One caller's items and, later, what became of them or what went wrong."""

    __slots__ = ("error", "items", "results")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: list[Result] | None = None
        self.error: BaseException | None = None


class GroupCommit(Generic[Item, Result]):
    """Gathers items of many threads into batches; `commit` returns one result for each item."""

    def __init__(self, commit: Callable[[Sequence[Item]], list[Result]]) -> None:
        self._commit = commit
        self._gate = threading.Lock()
        self.turn = threading.Lock()
        self._waiting: list[_Ticket[Item, Result]] = []

    def submit(self, items: Sequence[Item]) -> list[Result]:
        """Return the items' results once they are on disk; raises what the commit of their batch raised."""
        ticket: _Ticket[Item, Result] = _Ticket(items)
        with self._gate:
            self._waiting.append(ticket)
        with self.turn:
            if ticket.results is None and ticket.error is None:
                self._commit_waiting()
        if ticket.error:
            raise ticket.error
        return ticket.results or []

    def _commit_waiting(self) -> None:
        with self._gate:
            batch, self._waiting = self._waiting, []
        try:
            results = self._commit([item for ticket in batch for item in ticket.items])
        except BaseException as error:
            # Each caller raises it; an interruption ends this thread too.
            for ticket in batch:
                ticket.error = error
            if isinstance(error, Exception):
                return
            raise
        for ticket in batch:
            ticket.results, results = results[: len(ticket.items)], results[len(ticket.items) :]
