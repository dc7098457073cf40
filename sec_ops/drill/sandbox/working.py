"""What is at work in a sandbox, by name, for who asks why it was ended."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["AtWork"]


class AtWork:
    """Names of services and programs that run; any thread may tell or ask."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._lock = threading.Lock()

    def names(self) -> Sequence[str]:
        """Return what runs, what began first first."""
        with self._lock:
            return tuple(self._names)

    def begins(self, name: str) -> None:
        """Tell that something begins to run."""
        with self._lock:
            self._names.append(name)

    def ended(self, name: str) -> None:
        """Tell that something runs no more; what was not told to run is passed over."""
        with self._lock:
            if name in self._names:
                self._names.remove(name)

    @contextmanager
    def during(self, name: str) -> Iterator[None]:
        """Have something counted among what runs for as long as the context lasts."""
        self.begins(name)
        try:
            yield
        finally:
            self.ended(name)
