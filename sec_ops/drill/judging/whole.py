"""Whether a drill brought a system back whole: every source, and each as a trusted manifest says."""

from sec_ops.model.drill_record import SourceRecord, SystemRecord
from sec_ops.model.drill_scenario import DrillKind

__all__ = ["aims_at_whole", "came_back_whole", "restored_sources"]

_PARTS = frozenset({DrillKind.FILE, DrillKind.TABLE, DrillKind.TABLE_TOP})
_GOOD = "ok"


def aims_at_whole(kind: DrillKind) -> bool:
    """Return whether such a drill sets out to bring systems back, and not only a part of one."""
    return kind not in _PARTS


def restored_sources(system: SystemRecord) -> tuple[str, ...]:
    """Return the sources that came back, loaded where they had to be, exactly as a trusted manifest says."""
    return tuple(each.source for each in system.sources if system.trusted and _good(each))


def came_back_whole(kind: DrillKind, system: SystemRecord) -> bool:
    """Return whether all sources of the system did."""
    return aims_at_whole(kind) and bool(system.sources) and len(restored_sources(system)) == len(system.sources)


def _good(source: SourceRecord) -> bool:
    counted = source.tables == source.tables_proved and not source.missing and not source.different
    return source.verdict == _GOOD and source.loaded in ("", _GOOD) and counted
