"""Which restic is run, and whether it is new enough."""

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.errors import EngineError, ProgramMissing
from sec_ops.model.messages import message
from sec_ops.model.protocols import RunProgram
from sec_ops.transport.process import clean_environment, program_failed

__all__ = ["OLDEST", "Program", "find_restic", "version_of"]

OLDEST = (0, 17, 1)
"""Before it, restic had no exit codes 10, 11 and 12, no `--stdin-from-command` fit for use, and no JSON errors."""

_VERSION = re.compile(r"^restic (\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_DEADLINE_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A restic that was asked for its version."""

    path: str
    version: tuple[int, int, int]


def find_restic(run_program: RunProgram, *, beside: Path | None = None, path: str | None = None) -> Program:
    """Return the restic beside this Python (where `scripts/setup.sh` puts it), else the one in `path` (PATH).

    Raises ProgramMissing when there is none, EngineError when it is older than 0.17.1.
    """
    folder = beside or Path(sys.executable).parent
    found = shutil.which("restic", path=str(folder)) or shutil.which("restic", path=path)
    if found is None:
        raise ProgramMissing(message("restic is not installed"), advice=_ADVICE)
    version = version_of(found, run_program)
    if version < OLDEST:
        what = message(
            "restic {version} is too old: it can't tell a locked repository from a wrong password; {oldest} is needed",
            version=_dotted(version),
            oldest=_dotted(OLDEST),
        )
        raise EngineError(what, where=found, advice=_ADVICE)
    return Program(path=found, version=version)


def version_of(restic: str, run_program: RunProgram) -> tuple[int, int, int]:
    """Return the version restic tells; raises ProgramFailed when it tells none."""
    arguments = [restic, "version"]
    completed = run_program(arguments, deadline_seconds=_DEADLINE_SECONDS, environment=clean_environment())
    found = _VERSION.search(completed.stdout.decode(errors="replace"))
    if completed.exit_code != 0 or found is None:
        raise program_failed(arguments, completed)
    return int(found[1]), int(found[2]), int(found[3])


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(str(part) for part in version)


_ADVICE = message("install restic 0.17.1 or newer; from a source tree: bash scripts/demo takes it from the next Debian")
