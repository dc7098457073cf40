"""SIGTERM: what Ctrl-C keeps is kept, clean-up runs, and the exit code says which of the two it was."""

import signal
from types import FrameType

__all__ = ["listen", "was_terminated"]


def listen() -> None:
    """Make SIGTERM interrupt this process as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _terminate)


def was_terminated() -> bool:
    """Return whether SIGTERM arrived."""
    return signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def _terminate(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second one must not cut short what is being sealed.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
