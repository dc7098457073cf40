"""In which order systems come back: what others depend on first."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from sec_ops.model.backup_plan import SELF
from sec_ops.model.organisation import KeySystem

__all__ = ["restore_order"]


def restore_order(planned: Iterable[str], systems: Mapping[str, KeySystem]) -> Sequence[str]:
    """Return the planned systems: this program first, then each after all it depends on, else by id.

    What stands between two planned systems without a plan of its own orders them too; a circle is left as it is.
    """
    wanted = set(planned)
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted({*wanted, *systems}):
        sorter.add(name, *sorted(systems[name].depends_on if name in systems else ()))
    try:
        found = _by_id(sorter)
    except CycleError:
        found = sorted(wanted)
    return sorted((name for name in found if name in wanted), key=lambda name: name != SELF)


def _by_id(sorter: "TopologicalSorter[str]") -> list[str]:
    sorter.prepare()
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found
