"""Which restic is run, and whether it is new enough."""

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.errors import EngineError, ProgramMissing
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Completed, RunProgram
from sec_ops.transport.process import clean_environment, program_failed

__all__ = ["OLDEST", "Program", "find_restic", "proved", "version_of"]

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
    return proved(found, _told(found, run_program), where=found, advice=_ADVICE)


def proved(path: str, completed: Completed, *, where: str, advice: Message) -> Program:
    """Return the restic at `path` by its answer to `version`; raises ProgramFailed, EngineError when it is too old."""
    version = _version(path, completed)
    if version < OLDEST:
        what = message(
            "restic {version} is too old: it can't tell a locked repository from a wrong password; {oldest} is needed",
            version=_dotted(version),
            oldest=_dotted(OLDEST),
        )
        raise EngineError(what, where=where, advice=advice)
    return Program(path=path, version=version)


def version_of(restic: str, run_program: RunProgram) -> tuple[int, int, int]:
    """Return the version restic tells; raises ProgramFailed when it tells none."""
    return _version(restic, _told(restic, run_program))


def _told(restic: str, run_program: RunProgram) -> Completed:
    return run_program([restic, "version"], deadline_seconds=_DEADLINE_SECONDS, environment=clean_environment())


def _version(restic: str, completed: Completed) -> tuple[int, int, int]:
    found = _VERSION.search(completed.stdout.decode(errors="replace"))
    if completed.exit_code != 0 or found is None:
        raise program_failed([restic, "version"], completed)
    return int(found[1]), int(found[2]), int(found[3])


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(str(part) for part in version)


_ADVICE = message("install restic 0.17.1 or newer; from a source tree: bash scripts/demo takes it from the next Debian")
