"""The catalogue 测评项: clauses of all levels with their parts, and which level-3 part each part is the twin of."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sec_ops.model.clause import Clause, Part, RequirementSet
from sec_ops.model.content import Loaded
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.grading import Grading
from sec_ops.model.messages import message

__all__ = ["COUNTS", "Catalogue", "build_catalogue"]

COUNTS: Final[Mapping[RequirementSet, tuple[int, int, int, int]]] = {
    RequirementSet.GENERAL: (55, 135, 211, 228),
    RequirementSet.CLOUD: (11, 29, 46, 49),
    RequirementSet.MOBILE: (5, 14, 19, 21),
    RequirementSet.IOT: (4, 7, 20, 21),
    RequirementSet.ICS: (9, 15, 21, 22),
}
"""Clauses of levels 1 to 4: GB/T 22239-2019."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All clauses by id, each with at least one part."""

    clauses: Mapping[str, Clause]

    def applicable(self, grading: Grading, extensions: Collection[RequirementSet]) -> tuple[Clause, ...]:
        """Return the clauses of a system, in the standard's order, its extension sets last."""
        wanted = {RequirementSet.GENERAL, *extensions}
        return tuple(
            clause
            for clause in self.clauses.values()
            if clause.requirement_set in wanted and clause.level == grading.level_for(clause)
        )

    def part_ids(self) -> frozenset[str]:
        """Return the ids of all parts of all levels."""
        return frozenset(part.id for clause in self.clauses.values() for part in clause.parts)


def build_catalogue(clauses: Iterable[Loaded[Clause]]) -> Catalogue:
    """Return the catalogue of `clauses`, every clause with its parts.

    A clause without parts of its own has those of its twin: at level 4 the level-3 clause it repeats or strengthens
    (what is stronger becomes one part more), at levels 1 and 2 the clause one level up that repeats it. Without a twin
    the clause itself is its one part, `.1`. Raises ContentInvalid when a count isn't the standard's or a twin is
    missing, with all faults.
    """
    loaded = {entry.value.id: entry for entry in clauses}
    faults = [*_miscounted(loaded), *_without_twin(loaded)]
    if faults:
        raise ContentInvalid(faults)
    repeated = {entry.value.same_as: entry.value for entry in loaded.values() if entry.value.change == "same"}
    completed: dict[str, Clause] = {}
    for level in (3, 2, 1, 4):
        for entry in loaded.values():
            if entry.value.level == level:
                completed[entry.value.id] = _with_parts(entry.value, completed, repeated)
    sets = list(RequirementSet)
    ordered = sorted(loaded, key=lambda clause_id: sets.index(completed[clause_id].requirement_set))
    return Catalogue(clauses={clause_id: completed[clause_id] for clause_id in ordered})


def _with_parts(clause: Clause, completed: Mapping[str, Clause], repeated: Mapping[str | None, Clause]) -> Clause:
    if clause.parts:
        return clause
    return clause.model_copy(update={"parts": _inherited(clause, completed, repeated) or (_whole(clause, 1),)})


def _inherited(
    clause: Clause, completed: Mapping[str, Clause], repeated: Mapping[str | None, Clause]
) -> tuple[Part, ...]:
    if clause.level == 4 and clause.same_as:
        parts = _copied(clause, completed[clause.same_as])
        return parts if clause.change == "same" else (*parts, _whole(clause, len(parts) + 1))
    if clause.level < 3 and clause.id in repeated:
        return _copied(clause, completed[repeated[clause.id].id])
    return ()


def _copied(clause: Clause, twin: Clause) -> tuple[Part, ...]:
    return tuple(
        part.model_copy(update={"id": f"{clause.id}.{number}", "same_as": part.same_as or part.id})
        for number, part in enumerate(twin.parts, 1)
    )


def _whole(clause: Clause, number: int) -> Part:
    return Part(
        id=f"{clause.id}.{number}",
        title=clause.statement,
        method=clause.method,
        method_by_object=clause.method_by_object,
        objects=clause.objects,
    )


def _miscounted(loaded: Mapping[str, Loaded[Clause]]) -> list[Fault]:
    found: Counter[tuple[RequirementSet, int]] = Counter(
        (entry.value.requirement_set, entry.value.level) for entry in loaded.values()
    )
    file = next(iter(loaded.values())).origin.path.rpartition("/")[0] if loaded else "rules/graded_protection/catalog"
    return [
        Fault(
            file=file,
            line=0,
            path=f"{requirement_set.value} level {level}",
            message=message("{found} clauses, the standard has {expected}", found=found[key], expected=expected),
        )
        for requirement_set, counts in COUNTS.items()
        for level, expected in enumerate(counts, 1)
        if found[key := (requirement_set, level)] != expected
    ]


def _without_twin(loaded: Mapping[str, Loaded[Clause]]) -> list[Fault]:
    return [
        Fault(
            file=entry.origin.path,
            line=entry.origin.line,
            path=f"{entry.value.id}.same_as",
            message=message("there is no clause {clause}", clause=entry.value.same_as),
        )
        for entry in loaded.values()
        if entry.value.same_as is not None and entry.value.same_as not in loaded
    ]
