"""How often Python looks for garbage in circles; everything else is freed at once, whatever is set here."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seldom_collecting"]

_THRESHOLDS = (50_000, 20, 10)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Look for circles seldom as long as the block runs: for work that makes many objects and hardly a circle.

    Batches of tens of thousands of events are alive at once; Python's own thresholds go through them again and again.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
