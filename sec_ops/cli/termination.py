"""SIGTERM: what Ctrl-C keeps is kept, clean-up runs, and the exit code says which of the two it was."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["listen", "told_first", "was_terminated"]


def listen() -> None:
    """Make SIGTERM interrupt this process as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _terminate)


@contextmanager
def told_first(tell: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM call `tell` before they unwind anything, so that threads don't see what goes as faults.

    Signals arrive in the main thread; elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)
        tell()
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)


def was_terminated() -> bool:
    """Return whether SIGTERM arrived."""
    return signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def _terminate(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second one must not cut short what is being sealed.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
