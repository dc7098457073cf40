"""The entry point: common options, one top-level handler, one exit code."""

import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import NoReturn

from sec_ops.cli import failure, invocation
from sec_ops.cli.output import emit, end_output, note
from sec_ops.cli.termination import listen, was_terminated
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome, decisive
from sec_ops.runtime.garbage import last_collection, rare_collections
from sec_ops.runtime.language import chosen_language, use_language

__all__ = ["main"]

_STDERR = 2


def main() -> NoReturn:
    """Run the command line of this process and exit with the code of the table in `model.outcome`."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a sign shows its code instead
    with rare_collections():  # what a command imports and loads stays: it is not worth looking through
        code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        end_output()
    last_collection()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code. Every way to end passes here."""
    use_language(chosen_language())
    listen()
    try:
        options, rest = invocation.split(arguments)
        invocation.use(options)
        use_language(options.language or chosen_language())
        outcomes = set(_dispatch(rest))
        return decisive(outcomes | ({Outcome.TERMINATED} if was_terminated() else set()))
    except SecOpsError as error:
        if invocation.current().debug:
            note(traceback.format_exc())
        failure.show(error)
        return error.outcome
    except KeyboardInterrupt:
        ending = Outcome.TERMINATED if was_terminated() else Outcome.INTERRUPTED
        failure.show_ending(ending, message("terminated") if was_terminated() else message("interrupted"))
        return ending
    except BrokenPipeError:
        return Outcome.CLEAN
    except Exception:  # noqa: BLE001 - the one top-level handler
        note(traceback.format_exc())
        failure.show_ending(Outcome.INTERNAL, message("internal error: please report the lines above"))
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


if __name__ == "__main__":
    main()
