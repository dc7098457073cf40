"""The order in which systems come back: each after those it depends on, as the inventory says."""

from collections.abc import Collection, Mapping, Sequence

__all__ = ["in_order", "needed_before"]


def needed_before(system: str, depends_on: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return every system that must work before this one, through others too; never itself."""
    found: set[str] = set()
    waiting = list(depends_on.get(system, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += depends_on.get(name, ())
    return frozenset(found - {system})


def in_order(systems: Collection[str], depends_on: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return systems so that each follows all of them it depends on; those free to choose stay in the given order."""
    before = {name: needed_before(name, depends_on) & set(systems) for name in systems}
    ordered: list[str] = []
    while len(ordered) < len(before):
        left = [name for name in before if name not in ordered]
        ordered.append(next((name for name in left if before[name] <= set(ordered)), left[0]))
    return tuple(ordered)
