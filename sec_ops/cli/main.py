"""The entry point: common options, one top-level handler, one exit code."""

import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

from sec_ops.cli import failure, invocation
from sec_ops.cli.output import emit, end_output, note
from sec_ops.model.errors import SecOpsError
from sec_ops.model.outcome import Outcome, decisive
from sec_ops.runtime.language import chosen_language, use_language
from sec_ops.runtime.language import gettext as _

__all__ = ["main"]

_STDERR = 2


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM arrived; what Ctrl-C keeps is kept, clean-up runs."""


def main() -> NoReturn:
    """Run the command line of this process and exit with the code of the table in `model.outcome`."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a sign shows its code instead
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        end_output()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code. Every way to end passes here."""
    use_language(chosen_language())
    signal.signal(signal.SIGTERM, _terminate)
    try:
        options, rest = invocation.split(arguments)
        invocation.use(options)
        use_language(options.language or chosen_language())
        outcomes = set(_dispatch(rest))
        return decisive(outcomes | ({Outcome.TERMINATED} if _was_terminated() else set()))
    except SecOpsError as error:
        if invocation.current().debug:
            note(traceback.format_exc())
        failure.show(error)
        return error.outcome
    except _TerminatedError:
        note(_("terminated"))
        return Outcome.TERMINATED
    except KeyboardInterrupt:
        note(_("interrupted"))
        return Outcome.INTERRUPTED
    except BrokenPipeError:
        return Outcome.CLEAN
    except Exception:  # noqa: BLE001 - the one top-level handler
        note(traceback.format_exc())
        note(_("internal error: please report the lines above"))
        return Outcome.INTERNAL


def _dispatch(arguments: Sequence[str]) -> Iterable[Outcome]:
    if list(arguments) == ["--version"]:
        from sec_ops import __version__

        emit("sec-ops/version", {"sec_ops": __version__}, text=lambda: f"sec-ops {__version__}")
        return ()
    from sec_ops.cli.app import call

    return call(arguments)


def _open_streams() -> None:
    """Give a process that was started with closed streams some to write to, before a file takes their numbers."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w", closefd=False)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second one must not cut short what is being sealed.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _TerminatedError


def _was_terminated() -> bool:
    return signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


if __name__ == "__main__":
    main()
