"""Where the bed keeps what is expensive to make, and the locks around it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["cache_directory", "exclusive"]


def cache_directory() -> Path:
    """The cache outside the checkout: ``SEC_OPS_TEST_CACHE`` or /var/cache/sec-ops-tests; made when missing."""
    path = Path(os.environ.get("SEC_OPS_TEST_CACHE") or "/var/cache/sec-ops-tests")
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    return path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``; a second session waits here until the first is done."""
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
