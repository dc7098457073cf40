"""Volume snapshots 卷快照, one module a kind: a new kind is one new file here, called like it, with a `SNAPSHOTS`."""

import pkgutil
from functools import cache
from importlib import import_module

from sec_ops.backup.holding.volume import Snapshots

__all__ = ["snapshot_kinds", "snapshots_of"]


@cache
def snapshot_kinds() -> tuple[str, ...]:
    """Return the names of all kinds, in order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def snapshots_of(kind: str) -> Snapshots:
    """Return a kind of snapshots; raises KeyError when there is none."""
    if kind not in snapshot_kinds():
        raise KeyError(kind)
    snapshots: Snapshots = import_module(f"{__name__}.{kind}").SNAPSHOTS
    return snapshots
