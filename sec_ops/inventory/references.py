"""Whether every reference of the inventory leads somewhere, the tree has one root and no system waits for itself."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sec_ops.content.kinds import CLAUSES, PARSERS, SYSTEMS, UNITS, Kind
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.yaml_reader import Path
from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.patterns import matching
from sec_ops.model.clause import Clause
from sec_ops.model.errors import Fault
from sec_ops.model.log_source import LogSource
from sec_ops.model.messages import Message, message
from sec_ops.model.organisation import KeySystem, Unit, UnitKind

__all__ = ["cycle", "reference_faults"]

_RANK = {kind: rank for rank, kind in enumerate(UnitKind)}
_KINDS = {
    UnitKind.CITY: message("city bureau"),
    UnitKind.DISTRICT: message("district bureau"),
    UnitKind.SCHOOL: message("school"),
}
_Told = Callable[[Path, Message, Message | None], Fault]


def reference_faults(inventory: Inventory, library: Library) -> list[Fault]:
    """Return every fault between the files of an inventory; the library knows where each object stands."""
    clauses = {name: loaded.value for name, loaded in library.objects(CLAUSES).items()}
    # Reading all parsers takes time, and most inventories name none.
    named = any(source.parser for system in inventory.systems.values() for source in system.log_sources)
    parsers = frozenset(library.objects(PARSERS)) if named else frozenset()
    faults = list(_root_faults(inventory.units, library))
    for unit in inventory.units.values():
        faults.extend(_unit_faults(unit, inventory, _told(library, UNITS, unit.id)))
    for system in inventory.systems.values():
        told = _told(library, SYSTEMS, system.id)
        faults.extend(_system_faults(system, inventory, parsers, told))
        faults.extend(_clause_faults(system, inventory, clauses, told))
    faults.extend(_cycle_faults(inventory.systems, library))
    return faults


def _told(library: Library, kind: Kind[Any], name: str) -> _Told:
    def told(path: Path, what: Message, advice: Message | None) -> Fault:
        return library.fault(kind, name, path, what, advice)

    return told


def _root_faults(units: Mapping[str, Unit], library: Library) -> Iterator[Fault]:
    roots = [unit for unit in units.values() if unit.parent is None]
    for unit in roots[1:]:
        what = message("a second root; {root} is the root of the organisation tree", root=roots[0].id)
        yield library.fault(UNITS, unit.id, (), what, message("give it a parent"))
    if units and not roots:
        first = next(iter(units))
        yield library.fault(UNITS, first, (), message("the organisation tree has no root: every unit has a parent"))


def _unit_faults(unit: Unit, inventory: Inventory, told: _Told) -> Iterator[Fault]:
    parent = inventory.units.get(unit.parent or "")
    if unit.parent is not None and parent is None:
        yield _unknown(
            told, ("parent",), message("no unit has the id {id}", id=unit.parent), unit.parent, inventory.units
        )
    if parent is not None and _RANK[parent.kind] >= _RANK[unit.kind]:
        what = message("a {kind} does not stand below a {parent}", kind=_KINDS[unit.kind], parent=_KINDS[parent.kind])
        yield told(("parent",), what, None)
    if unit.contact is not None:
        yield from _person_faults(("contact",), unit.contact, inventory, told)


def _system_faults(system: KeySystem, inventory: Inventory, parsers: Collection[str], told: _Told) -> Iterator[Fault]:
    if system.unit not in inventory.units:
        yield _unknown(
            told, ("unit",), message("no unit has the id {id}", id=system.unit), system.unit, inventory.units
        )
    yield from _person_faults(("leader",), system.leader, inventory, told)
    yield from _person_faults(("operator",), system.operator, inventory, told)
    for index, other in enumerate(system.depends_on):
        if other not in inventory.systems:
            what = message("no key system has the id {id}", id=other)
            yield _unknown(told, ("depends_on", index), what, other, inventory.systems)
    yield from _host_faults(("hosts",), system.hosts, inventory, told)
    for index, each in enumerate(system.objects):
        yield from _host_faults(("objects", index, "hosts"), each.hosts, inventory, told)
    for index, source in enumerate(system.log_sources):
        yield from _log_source_faults(("log_sources", index), source, system, inventory, told)
        if source.parser is not None and source.parser not in parsers:
            what = message("no parser is called {name}", name=source.parser)
            yield _unknown(told, ("log_sources", index, "parser"), what, source.parser, parsers)


def _person_faults(path: Path, person: str, inventory: Inventory, told: _Told) -> Iterator[Fault]:
    if person not in inventory.people:
        yield _unknown(told, path, message("no person has the id {id}", id=person), person, inventory.people)


def _host_faults(path: Path, terms: Iterable[str], inventory: Inventory, told: _Told) -> Iterator[Fault]:
    for index, term in enumerate(terms):
        if not matching(term, inventory.hosts, inventory.groups) and term not in inventory.groups:
            what = message("no host and no group is called {term}", term=term)
            yield _unknown(told, (*path, index), what, term, {*inventory.hosts, *inventory.groups})


def _log_source_faults(
    path: Path, source: LogSource, system: KeySystem, inventory: Inventory, told: _Told
) -> Iterator[Fault]:
    yield from _host_faults((*path, "hosts"), source.hosts, inventory, told)
    objects = [each.id for each in system.objects]
    if source.object is not None and source.object not in objects:
        what = message("the system has no object {id}", id=source.object)
        yield _unknown(told, (*path, "object"), what, source.object, objects)


def _clause_faults(
    system: KeySystem, inventory: Inventory, clauses: Mapping[str, Clause], told: _Told
) -> Iterator[Fault]:
    for index, each in enumerate(system.not_applicable):
        path: Path = ("not_applicable", index)
        clause = clauses.get(each.clause)
        if clause is None:
            what = message("no clause has the id {id}", id=each.clause)
            yield _unknown(told, (*path, "clause"), what, each.clause, clauses)
        elif clause.level != system.level:
            what = message(
                "a clause of level {clause}, the system is of level {system}", clause=clause.level, system=system.level
            )
            yield told((*path, "clause"), what, None)
        yield from _person_faults((*path, "by"), each.by, inventory, told)


def _cycle_faults(systems: Mapping[str, KeySystem], library: Library) -> Iterator[Fault]:
    found = cycle({name: system.depends_on for name, system in systems.items()})
    if found:
        what = message("systems depend on each other in a circle: {circle}", circle=" -> ".join(found))
        yield library.fault(SYSTEMS, found[0], ("depends_on",), what)


def cycle(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the nodes of one circle, the first again at its end; empty when there is none."""
    done: set[str] = set()
    for start in edges:
        path = [start]
        branches = [iter(edges[start])]
        while branches:
            following = next(branches[-1], None)
            if following is None:
                done.add(path.pop())
                branches.pop()
            elif following in path:
                return (*path[path.index(following) :], following)
            elif following not in done:
                path.append(following)
                branches.append(iter(edges.get(following, ())))
    return ()


def _unknown(told: _Told, path: Path, what: Message, given: str, known: Iterable[str]) -> Fault:
    return told(path, what, did_you_mean(given, known))
