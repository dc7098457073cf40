"""The process door: the one place that starts programs. Never a shell, always a deadline, bounded output.

Secrets reach a program over stdin or its environment, never in its arguments; the ones named to the runner are
taken out of every error it raises.
"""

import os
import shlex
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.model.errors import ProgramFailed, ProgramMissing
from sec_ops.model.messages import message
from sec_ops.model.protocols import Completed, RunProgram
from sec_ops.runtime.secrets import Secret, redact
from sec_ops.transport._child import Ended, HeadAndTail, run_child

__all__ = [
    "OUTPUT_BYTES",
    "ProgramRunner",
    "clean_environment",
    "find_program",
    "not_started",
    "program_failed",
    "run_program",
    "shown_arguments",
]

OUTPUT_BYTES = 64 * 1024 * 1024
"""Bytes kept of each of stdout and stderr, half from the beginning and half from the end."""

_SHOWN_LINES = 25
_SHOWN_ARGUMENTS = 400
_INHERITED = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRunner:
    """A `RunProgram`: `output_bytes` bound stdout and stderr each, `secrets` are kept out of errors."""

    output_bytes: int = OUTPUT_BYTES
    secrets: Collection[Secret] = ()

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        deadline_seconds: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a program to its end and return what it left; `environment` replaces this process's own.

        Output past the bound loses its middle, and a line there says how many bytes are missing. At the deadline
        the whole process group gets SIGTERM, a second later SIGKILL. `exit_code` is minus the signal's number when a
        signal ended the program. Raises ProgramMissing, and ProgramFailed for a deadline or a failed start.
        """
        stdout, stderr = HeadAndTail(self.output_bytes), HeadAndTail(self.output_bytes)
        try:
            ended = run_child(
                [find_program(arguments[0], environment), *arguments[1:]],
                stdin=stdin,
                deadline_seconds=deadline_seconds,
                environment=environment,
                stdout=stdout,
                stderr=stderr,
            )
        except OSError as error:
            raise not_started(arguments, error, self.secrets) from error
        completed = _completed(ended, stdout, stderr)
        if ended.expired:
            raise self._expired(arguments, completed, deadline_seconds)
        return completed

    def _expired(self, arguments: Sequence[str], completed: Completed, seconds: float) -> ProgramFailed:
        what = message(
            "{program} did not end within {seconds} s and was stopped", program=arguments[0], seconds=seconds
        )
        return ProgramFailed(
            what, where=shown_arguments(arguments, self.secrets), why=_last_lines(completed, self.secrets)
        )


run_program: RunProgram = ProgramRunner()


def program_failed(
    arguments: Sequence[str], completed: Completed, *, secrets: Collection[Secret] = ()
) -> ProgramFailed:
    """Return the error for an exit code the caller does not accept, with the last lines the program wrote."""
    what = message("{program} ended with exit code {code}", program=arguments[0], code=completed.exit_code)
    return ProgramFailed(what, where=shown_arguments(arguments, secrets), why=_last_lines(completed, secrets))


def not_started(arguments: Sequence[str], error: OSError, secrets: Collection[Secret]) -> ProgramFailed:
    """Return the error for a program that the system would not start."""
    what = message("could not start {program}: {reason}", program=arguments[0], reason=error.strerror or str(error))
    return ProgramFailed(what, where=shown_arguments(arguments, secrets))


def clean_environment(**added: str) -> dict[str, str]:
    """Return only what programs need of this process's environment, and `added`: no proxy, library path or agent."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | added


def find_program(program: str, environment: Mapping[str, str] | None) -> str:
    """Return the program's path as `environment` (this process's own when None) finds it; raises ProgramMissing."""
    path = os.environ.get("PATH") if environment is None else environment.get("PATH")
    found = shutil.which(program, path=path or os.defpath)
    if found is None:
        raise ProgramMissing(
            message("the program {program} is not installed, or not executable", program=program),
            where=program if "/" in program else f"PATH={path}",
            advice=message("install it with the system's package manager, then run the command again"),
        )
    return found


def _completed(ended: Ended, stdout: HeadAndTail, stderr: HeadAndTail) -> Completed:
    return Completed(
        exit_code=ended.exit_code, stdout=stdout.bytes(), stderr=stderr.bytes(), elapsed_ms=ended.elapsed_ms
    )


def shown_arguments(arguments: Sequence[str], secrets: Collection[Secret]) -> str:
    """Return a bounded text of the arguments without the secrets."""
    text = redact(shlex.join(arguments), secrets)
    return text if len(text) <= _SHOWN_ARGUMENTS else f"{text[:_SHOWN_ARGUMENTS]} …"


def _last_lines(completed: Completed, secrets: Collection[Secret]) -> str:
    output = completed.stderr.strip() or completed.stdout.strip()
    lines = output[-_CONSIDERED_BYTES:].decode(errors="replace").splitlines()[-_SHOWN_LINES:]
    return redact("\n".join(lines), secrets)


_CONSIDERED_BYTES = 8192
