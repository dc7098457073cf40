"""Base backups that lie in an earlier run than the log that goes on from them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sec_ops.backup.restoring.choosing import Point, chosen_point
from sec_ops.backup.restoring.restore import Loadable
from sec_ops.backup.restoring.wanted import Wanted
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.backup.source import Serving
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message

__all__ = ["earlier_bases", "only_base", "without_bases"]

_BASE = "base"


def earlier_bases(
    points: Sequence[RestorePoint],
    point: Point,
    loadings: Mapping[str, Loadable],
    *,
    sizes: Mapping[str, int],
) -> dict[str, Point]:
    """Return, for each source to load whose base backup is not in the point, the newest point before that has one.

    Raises UsageError when none has.
    """
    arrival = next((each.arrival for each in points if each.run == point.run), 0)
    earlier = [each for each in points if each.system == point.system and each.counts and each.arrival < arrival]
    bases = {}
    for source, loading in loadings.items():
        if not isinstance(loading.source, Serving) or _has(point, source):
            continue
        having = [each for each in earlier if any(part.source == source and part.part == _BASE for part in each.data)]
        if not having:
            what = message("{source}: there is no base backup that counts", source=source)
            raise UsageError(what, advice=message("see which runs have one: sec-ops backup snapshots"))
        found = chosen_point(having, point.system, max(having, key=lambda each: each.arrival).run, sizes=sizes)
        wanted = tuple(each for each in found.parts if not each.source or (each.source, each.part) == (source, _BASE))
        bases[source] = replace(found, parts=wanted)
    return bases


def without_bases(wanted: Wanted, bases: Mapping[str, Point]) -> Wanted:
    """Return what is wanted of the point itself."""
    return replace(wanted, loads={source: into for source, into in wanted.loads.items() if source not in bases})


def only_base(wanted: Wanted, source: str) -> Wanted:
    """Return what is wanted of an earlier point: a source's base backup, beside the rest and loaded."""
    return Wanted(
        folder=wanted.folder / f"{source}.{_BASE}",
        sources=(source,),
        loads={source: wanted.loads[source]},
        typed=wanted.typed,
    )


def _has(point: Point, source: str) -> bool:
    return any((each.source, each.part) == (source, _BASE) for each in point.parts)
