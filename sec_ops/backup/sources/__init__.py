"""Sources 备份源, one module a kind: a new kind is one new file here, called like the kind, with a `SOURCE` in it."""

import pkgutil
from functools import cache
from importlib import import_module

from sec_ops.backup.source import Source
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.values import Value

__all__ = ["is_verified", "kinds", "settings_of", "source_of"]


@cache
def kinds() -> tuple[str, ...]:
    """Return the names of all kinds, in order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def source_of(kind: str) -> Source:
    """Return the source of a kind; raises KeyError when there is none."""
    if kind not in kinds():
        raise KeyError(kind)
    source: Source = import_module(f"{__name__}.{kind}").SOURCE
    return source


def settings_of(source: SourceSettings) -> Value:
    """Return the settings of a plan's source, checked before as content; raises KeyError for an unknown kind."""
    return source_of(source.kind).settings.model_validate(source.settings)


def is_verified(source: SourceSettings) -> bool:
    """Return whether a plan's source was tested on a real system, with the volume snapshot it names."""
    wanted = getattr(settings_of(source), "volume_snapshot", None)
    return source_of(source.kind).verified and (wanted is None or bool(wanted.snapshots.verified))
