"""Services a drill can start, one module a kind: a new kind is one new file here, with a `SERVICE` in it."""

import pkgutil
from functools import cache
from importlib import import_module

from sec_ops.drill.service import Service

__all__ = ["kinds", "service_of"]


@cache
def kinds() -> tuple[str, ...]:
    """Return the names of all kinds, in order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def service_of(kind: str) -> Service:
    """Return a kind of service; raises KeyError for one there isn't."""
    if kind not in kinds():
        raise KeyError(kind)
    service: Service = import_module(f"{__name__}.{kind}").SERVICE
    return service
