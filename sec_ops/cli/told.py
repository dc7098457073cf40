"""How a command tells the schedule it runs under that people were told already: one notice, not two.

The schedule names a file in the environment; a command that has told what there was to tell makes it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["people_were_told", "telling"]

_NAME = "SEC_OPS_PEOPLE_TOLD"


def people_were_told() -> None:
    """Say that nobody else need tell what this command came to; without a schedule nothing is said."""
    path = os.environ.get(_NAME)
    if path:
        with suppress(OSError):
            Path(path).touch()


@contextmanager
def telling(path: Path) -> Iterator[Mapping[str, str]]:
    """Give the environment of a command that may make the file, which is gone before and after."""
    path.unlink(missing_ok=True)
    try:
        yield {**os.environ, _NAME: str(path)}
    finally:
        path.unlink(missing_ok=True)
