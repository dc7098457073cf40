"""The graded-protection catalogue holds together: counts, ids, parts, twins, languages."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

CATALOG = Path(__file__).parents[2] / "rules" / "graded_protection" / "catalog"
GENERAL_COUNTS = {1: (55, 42), 2: (135, 68), 3: (211, 71), 4: (228, 71)}
EXTENSION_COUNTS = {
    "cloud": {1: (11, 7), 2: (29, 13), 3: (46, 16), 4: (49, 16)},
    "mobile": {1: (5, 5), 2: (14, 7), 3: (19, 9), 4: (21, 9)},
    "iot": {1: (4, 3), 2: (7, 4), 3: (20, 8), 4: (21, 8)},
    "ics": {1: (9, 5), 2: (15, 9), 3: (21, 9), 4: (22, 9)},
}
OBJECT_KINDS = {
    *("whole_network", "network_device", "security_device", "server", "storage", "terminal", "database", "middleware"),
    *("application", "system_software", "business_data", "data_resource", "crypto_product", "cloud_platform"),
    *("mobile_terminal", "sensing_node", "ics_device", "machine_room", "management_document", "personnel"),
}
METHODS = ("automated", "assisted", "manual")
WITHOUT_TWIN = {"7.1.10.7-b", "7.1.10.7-c"}
"""Level-2 clauses whose demands have no equal at level 3."""

Entry = dict[str, Any]


@cache
def document(name: str) -> Entry:
    loaded: Entry = YAML(typ="safe").load(CATALOG / name)
    return loaded


def entries(name: str, key: str = "items") -> list[Entry]:
    listed: list[Entry] = document(name)[key]
    return listed


def general(level: int) -> list[Entry]:
    return entries(f"general_l{level}.yml")


def every_clause() -> list[Entry]:
    return [clause for level in GENERAL_COUNTS for clause in general(level)] + entries("extensions.yml")


def clauses_by_id() -> dict[str, Entry]:
    return {clause["id"]: clause for clause in every_clause()}


def parts(level: int) -> dict[str, Entry]:
    return {part["id"]: part for clause in general(level) for part in clause["parts"]}


def control_points(clauses: list[Entry]) -> int:
    return len({clause["id"].rpartition("-")[0] for clause in clauses})


@pytest.mark.parametrize("level", GENERAL_COUNTS)
def test_general_counts_hold_and_the_header_agrees(level: int) -> None:
    header, clauses = document(f"general_l{level}.yml")["counts"], general(level)
    assert (len(clauses), control_points(clauses)) == GENERAL_COUNTS[level]
    assert (header["items"], header["control_points"]) == GENERAL_COUNTS[level]
    assert Counter(clause["category"]["code"] for clause in clauses) == header["items_by_category"]
    assert {(clause["level"], clause["requirement_set"]) for clause in clauses} == {(level, "general")}


@pytest.mark.parametrize("requirement_set", EXTENSION_COUNTS)
def test_extension_counts_hold_and_the_header_agrees(requirement_set: str) -> None:
    extensions = document("extensions.yml")
    for level, expected in EXTENSION_COUNTS[requirement_set].items():
        chosen = [
            clause
            for clause in extensions["items"]
            if (clause["requirement_set"], clause["level"]) == (requirement_set, level)
        ]
        assert (len(chosen), control_points(chosen)) == expected
        assert extensions["counts"][requirement_set][f"L{level}"] == expected[0]


def test_no_clause_id_stands_twice() -> None:
    repeated = [clause for clause, count in Counter(entry["id"] for entry in every_clause()).items() if count > 1]
    assert repeated == []


def test_clause_ids_start_with_the_chapter_of_their_level() -> None:
    chapters = {"general": 1, "cloud": 2, "mobile": 3, "iot": 4, "ics": 5}
    wrong = [
        clause["id"]
        for clause in every_clause()
        if not clause["id"].startswith(f"{clause['level'] + 5}.{chapters[clause['requirement_set']]}.")
    ]
    assert wrong == []


def test_same_as_names_a_clause_one_level_below() -> None:
    known = clauses_by_id()
    for clause in every_clause():
        if clause["same_as"] is None:
            assert clause["change"] == "new", clause["id"]
        else:
            assert known[clause["same_as"]]["level"] == clause["level"] - 1, clause["id"]
            assert clause["change"] in {"same", "strengthened"}, clause["id"]


def test_clauses_speak_both_languages_and_name_known_kinds_and_methods() -> None:
    for clause in every_clause():
        texts = [clause["category"], clause["control_point"], clause["statement"], clause.get("applicable_when")]
        assert all(text["zh"].strip() and text["en"].strip() for text in texts if text is not None), clause["id"]
        assert clause["objects"], clause["id"]
        assert set(clause["objects"]) <= OBJECT_KINDS, clause["id"]
        assert clause["method"] in METHODS, clause["id"]


@pytest.mark.parametrize("level", [2, 3])
def test_every_clause_has_parts_numbered_from_one(level: int) -> None:
    for clause in general(level):
        expected = [f"{clause['id']}.{number}" for number in range(1, len(clause["parts"]) + 1)]
        assert expected, clause["id"]
        assert [part["id"] for part in clause["parts"]] == expected


@pytest.mark.parametrize("level", [2, 3])
def test_parts_speak_both_languages_and_stay_within_their_clause(level: int) -> None:
    for clause in general(level):
        titles = [part["title"]["zh"] for part in clause["parts"]]
        assert len(set(titles)) == len(titles), clause["id"]
        for part in clause["parts"]:
            assert part["title"]["zh"].strip(), part["id"]
            assert part["title"]["en"].strip(), part["id"]
            assert part["method"] in METHODS, part["id"]
            assert part["objects"], part["id"]
            assert set(part["objects"]) <= set(clause["objects"]), part["id"]
            assert set(part.get("method_by_object", {})) <= set(part["objects"]), part["id"]


@pytest.mark.parametrize("level", [2, 3])
def test_parts_reach_every_object_kind_of_their_clause(level: int) -> None:
    for clause in general(level):
        reached = {kind for part in clause["parts"] for kind in part["objects"]}
        assert reached == set(clause["objects"]), clause["id"]


@pytest.mark.parametrize("level", [2, 3])
def test_parts_agree_with_the_method_of_their_clause(level: int) -> None:
    """The clause's method is the weakest over its object kinds; a part never claims more than that allows."""
    for clause in general(level):
        strengths = {
            method
            for part in clause["parts"]
            for method in (part["method"], *part.get("method_by_object", {}).values())
        }
        if clause["method"] == "assisted":
            assert strengths & {"automated", "assisted"}, clause["id"]
            assert strengths != {"automated"}, clause["id"]
        else:
            assert strengths == {clause["method"]}, clause["id"]


def test_only_levels_two_and_three_of_the_general_set_have_authored_parts() -> None:
    others = general(1) + general(4) + entries("extensions.yml")
    assert [clause["id"] for clause in others if "parts" in clause] == []


def test_every_level_two_part_names_its_level_three_twin() -> None:
    twins, above = parts(3), {clause["same_as"]: clause["id"] for clause in general(3) if clause["same_as"]}
    for clause in general(2):
        named = [part["same_as"] for part in clause["parts"]]
        if clause["id"] in WITHOUT_TWIN:
            assert set(named) == {None}, clause["id"]
        else:
            assert all(name in twins and name.rpartition(".")[0] == above[clause["id"]] for name in named), clause["id"]
            assert len(set(named)) == len(named), clause["id"]


def test_a_clause_unchanged_at_level_three_has_the_same_parts_at_both_levels() -> None:
    below = {clause["id"]: clause for clause in general(2)}
    shared = ("title", "method", "method_by_object", "objects")
    for clause in general(3):
        if clause["change"] == "same":
            lower = below[clause["same_as"]]["parts"]
            assert [part["same_as"] for part in lower] == [part["id"] for part in clause["parts"]]
            for low, high in zip(lower, clause["parts"], strict=True):
                assert [low.get(key) for key in shared] == [high.get(key) for key in shared], low["id"]


def test_twins_are_decided_the_same_way() -> None:
    twins = parts(3)
    for part in parts(2).values():
        if part["same_as"]:
            assert part["method"] == twins[part["same_as"]]["method"], part["id"]


def high_risk_entries() -> list[Entry]:
    return entries("high_risk.yml") + entries("high_risk.yml", "unconfirmed_items")


def test_high_risk_entries_name_clauses_that_exist() -> None:
    known = clauses_by_id()
    for entry in high_risk_entries():
        assert entry["control_items"], entry["id"]
        assert set(entry["control_items"]) <= set(known), entry["id"]


def test_high_risk_entries_are_unique_bilingual_and_unconfirmed_ones_say_so() -> None:
    every = high_risk_entries()
    assert len({entry["id"] for entry in every}) == len(every)
    for entry in every:
        assert all(entry[key][language].strip() for key in ("title", "situation") for language in ("zh", "en"))
    confirmed, unconfirmed = entries("high_risk.yml"), entries("high_risk.yml", "unconfirmed_items")
    assert (len(confirmed), len(unconfirmed)) == (30, 40)
    assert all("confidence" in entry for entry in confirmed)
    assert all(entry["confirmed"] is False for entry in unconfirmed)


def test_document_checklist_covers_exactly_the_management_clauses_of_level_three() -> None:
    checklist = document("documents.yml")
    management = {"PSS", "ORS", "HRS", "CMS", "MMS"}
    expected = [clause["id"] for clause in general(3) if clause["category"]["code"] in management]
    assert sorted(entry["item"] for entry in entries("documents.yml")) == sorted(expected)
    assert checklist["counts"]["items"] == len(expected)
    for entry in entries("documents.yml"):
        assert set(entry["documents"] + entry["records"]) <= set(checklist["forms"]), entry["item"]
        assert entry["keeper"] in checklist["keepers"], entry["item"]
        assert entry["freshness"] in checklist["freshness_values"], entry["item"]


def test_unconfirmed_scoring_is_marked() -> None:
    scoring = document("scoring.yml")
    assert scoring["template_2021"]["score"]["confirmed"] is False
    assert scoring["template_2025"]["conclusion_rules"]["confirmed"] is False


def test_grading_matrix_gives_a_level_for_every_harm() -> None:
    grading = document("grading.yml")
    assert set(grading["matrix"]) == set(grading["harmed_objects"])
    for levels in grading["matrix"].values():
        assert set(levels) == set(grading["harm_degrees"])
        assert set(levels.values()) <= {1, 2, 3, 4, 5}
