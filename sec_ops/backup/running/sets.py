"""Sets of sources that only count together: which belong together, and files that changed while a set was read."""

from collections.abc import Sequence

from sec_ops.model.backup_plan import SourceSettings

__all__ = ["consistent_sets"]


def consistent_sets(sources: Sequence[SourceSettings]) -> tuple[tuple[SourceSettings, ...], ...]:
    """Return the sources in sets, each in the plan's order: who names somebody as consistent belongs to their set."""
    leader = {each.id: each.id for each in sources}

    def found(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for each in sources:
        for other in each.consistent_with:
            leader[found(other)] = found(each.id)
    sets: dict[str, list[SourceSettings]] = {}
    for each in sources:
        sets.setdefault(found(each.id), []).append(each)
    return tuple(tuple(each) for each in sets.values())
