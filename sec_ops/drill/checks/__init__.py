"""Checks a drill can make, one module a kind: a new kind is one new file here, with a `CHECK` in it."""

import pkgutil
from functools import cache
from importlib import import_module

from sec_ops.drill.check import Check

__all__ = ["check_of", "kinds"]


@cache
def kinds() -> tuple[str, ...]:
    """Return the names of all kinds, in order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def check_of(kind: str) -> Check:
    """Return a kind of check; raises KeyError for one there isn't."""
    if kind not in kinds():
        raise KeyError(kind)
    check: Check = import_module(f"{__name__}.{kind}").CHECK
    return check
