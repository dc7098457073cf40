"""The shipped catalogue: counts, parts at every level, the twins, gradings."""

from collections import Counter
from functools import cache

import pytest

from sec_ops.compliance.catalogue import COUNTS, Catalogue, build_catalogue
from sec_ops.content.kinds import CLAUSES
from sec_ops.content.library import Library
from sec_ops.model.clause import Clause, RequirementSet
from sec_ops.model.content import Loaded
from sec_ops.model.errors import ContentInvalid
from sec_ops.model.grading import parse_grading, uniform_grading
from sec_ops.model.values import RuleBroken


@cache
def shipped() -> dict[str, Loaded[Clause]]:
    return dict(Library.open(None).objects(CLAUSES))


@cache
def catalogue() -> Catalogue:
    return build_catalogue(shipped().values())


@pytest.mark.parametrize(("level", "count"), [(1, 55), (2, 135), (3, 211), (4, 228)])
def test_general_clauses_of_a_level(level: int, count: int) -> None:
    clauses = catalogue().applicable(uniform_grading(level), ())
    assert len(clauses) == count
    assert all(clause.parts for clause in clauses)


def test_extension_sets_come_last() -> None:
    clauses = catalogue().applicable(uniform_grading(3), {RequirementSet.CLOUD, RequirementSet.IOT})
    assert len(clauses) == 211 + COUNTS[RequirementSet.CLOUD][2] + COUNTS[RequirementSet.IOT][2]
    assert {clause.requirement_set for clause in clauses[:211]} == {RequirementSet.GENERAL}


def test_part_ids_are_unique_and_twins_exist() -> None:
    parts = [part for clause in catalogue().clauses.values() for part in clause.parts]
    assert [part_id for part_id, count in Counter(part.id for part in parts).items() if count > 1] == []
    assert {part.same_as for part in parts if part.same_as} <= catalogue().part_ids()


def test_a_repeated_clause_has_its_twins_parts() -> None:
    parts = catalogue().clauses["9.1.1.1-a"].parts
    assert [(part.id, part.same_as) for part in parts] == [("9.1.1.1-a.1", "8.1.1.1-a.1")]


def test_a_strengthened_clause_has_one_part_more_that_nothing_below_decides() -> None:
    clause = next(
        clause for clause in catalogue().clauses.values() if clause.level == 4 and clause.change == "strengthened"
    )
    twin = catalogue().clauses[clause.same_as or ""]
    assert len(clause.parts) == len(twin.parts) + 1
    assert clause.parts[-1].same_as is None
    assert clause.parts[-1].title == clause.statement


def test_a_level_1_clause_repeated_above_names_level_3_parts() -> None:
    repeated = [
        part.same_as
        for clause in catalogue().clauses.values()
        if clause.level == 1 and clause.requirement_set is RequirementSet.GENERAL
        for part in clause.parts
    ]
    assert sum(1 for twin in repeated if twin and twin.startswith("8.")) > 10


def test_a_lost_clause_and_a_missing_twin_are_both_told() -> None:
    lost = {key: entry for key, entry in shipped().items() if key != "7.1.1.1-a"}
    with pytest.raises(ContentInvalid) as raised:
        build_catalogue(lost.values())
    told = [f"{fault.place}: {fault.message}" for fault in raised.value.faults]
    assert any("general level 2: 134 clauses, the standard has 135" in line for line in told)
    assert any("there is no clause 7.1.1.1-a" in line for line in told)


def test_no_clauses_at_all_is_a_fault() -> None:
    with pytest.raises(ContentInvalid):
        build_catalogue([])


def test_a_grading_chooses_levels_by_kind_of_clause() -> None:
    clauses = catalogue().applicable(parse_grading("S2A3G3"), ())
    levels = {(clause.sag, clause.level) for clause in clauses}
    assert levels == {("S", 2), ("A", 3), ("G", 3)}
    assert parse_grading("S2A3").level == 3
    assert str(parse_grading("S3A2")) == str(parse_grading("S3A2(G3)")) == "S3A2G3"


@pytest.mark.parametrize("text", ["", "S3", "S3A3G2", "S3A3(G3", "S3A3G3)", "S5A1", "A3S3G3", "3"])
def test_what_is_no_grading_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken):
        parse_grading(text)
