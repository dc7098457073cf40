"""How much is free where a repository lies, as far as this machine can see it."""

import shutil

from sec_ops.backup.restic.location import Kind, Location

__all__ = ["free_bytes"]


def free_bytes(location: Location) -> int | None:
    """Return the bytes free on a repository's disk, None for servers and what is not there."""
    if location.kind is not Kind.LOCAL:
        return None
    try:
        return shutil.disk_usage(location.path).free
    except OSError:
        return None
