"""How much is free where a repository lies, as far as anybody can tell: its disk, or what a server of sftp says."""

import re
import shutil

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.location import Kind
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.target import sftp_words
from sec_ops.model.errors import EngineError
from sec_ops.model.protocols import RunProgram
from sec_ops.transport.process import clean_environment

__all__ = ["free_bytes"]

_SECONDS = 15.0
_KIB = 1024
_DISK = re.compile(rb"^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+%", re.MULTILINE)
"""Size, used, available to us, available to root, in KiB: sftp's `df` (statvfs@openssh.com)."""


def free_bytes(restic: Restic) -> int | None:
    """Return the bytes free on a repository's disk; None where nobody says: rest-server and S3 tell nothing of it."""
    repository = restic.repository
    if repository.location.kind is Kind.SFTP:
        return _by_sftp(repository, restic.doors.run_program)
    if repository.location.kind is not Kind.LOCAL:
        return None
    try:
        return shutil.disk_usage(repository.location.path).free
    except OSError:
        return None


def _by_sftp(repository: OpenRepository, run_program: RunProgram) -> int | None:
    """Ask the server; one that has not the extension, or does not answer, is unknown."""
    path = repository.location.path
    if '"' in path or "\\" in path or not path.isprintable():
        return None
    try:
        told = run_program(
            sftp_words(repository),
            stdin=f'df "{path}"\n'.encode(),
            deadline_seconds=_SECONDS,
            environment=clean_environment(),
        )
    except EngineError:
        return None
    found = _DISK.search(told.stdout)
    return int(found[3]) * _KIB if told.exit_code == 0 and found else None
