"""The collector of reference cycles, made rare while much is kept that holds none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["last_collection", "rare_collections"]

_ALLOCATIONS: Final = 400_000
"""Objects made and kept before the youngest are looked through: thousands of events, not the few hundred of Python."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for cycles seldom, and never among what is there already, such as modules and content.

    Events and their values refer to nothing in a circle and go as soon as they are let go; to look through tens of
    thousands of them again and again takes a twelfth of an import's time. Once around a whole process is enough.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.freeze()  # what was made inside isn't looked through at once because collections are frequent again
        gc.unfreeze()
        gc.set_threshold(*before)


def last_collection() -> None:
    """Spare a process that ends the look through all it holds: its memory goes with it."""
    gc.freeze()
