"""The lower of numbers and elements counts, what nobody knows is not reached, and what is missing is named."""

from datetime import date
from typing import Any

import pytest

from sec_ops.content.kinds import LEVELS
from sec_ops.content.library import Library
from sec_ops.drill.judging import Readiness, judged
from sec_ops.model.drill_judgement import Judgement, LevelJudgement
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.drill_scenario import DrillKind
from sec_ops.model.recovery_level import DeclaredElement, Edition, ElementId
from tests.unit.drill.judging.samples import check, declared, drill, facts, note, people, source, system

BY_PEOPLE: tuple[ElementId, ...] = ("processing", "network", "facility", "support", "operations")


def editions() -> list[Edition]:
    return [loaded.value for loaded in Library.open(None).objects(LEVELS).values()]


def judge(record: DrillRecord, *said: DeclaredElement, **changed: Any) -> Judgement:
    known = {each.system: facts(each.system, **changed) for each in record.systems}
    return judged(record, editions(), Readiness(facts=known, declared=said))


def of_2007(judgement: Judgement) -> LevelJudgement:
    return next(each for each in judgement.levels if each.edition == "gbt-20988-2007")


def all_declared(level: int) -> list[DeclaredElement]:
    return [declared(each, level) for each in BY_PEOPLE]


def test_numbers_reach_five_elements_reach_three_and_three_counts() -> None:
    said = [declared("processing", 4), declared("network", 3), declared("facility", 4)]
    said += [declared("support", 5), declared("operations", 5)]
    level = of_2007(judge(drill(), *said))
    assert (level.level, level.numbers, level.elements) == (3, 5, 3)
    assert [each.what for each in level.systems[0].missing] == ["network"]
    assert level.systems[0].missing[0].needed.en == "the lines needed are there, network equipment is ready"
    assert level.superseded_by == "GB/T 20988-2025"


def test_what_nobody_declared_is_not_reached() -> None:
    level = of_2007(judge(drill()))
    assert (level.level, level.numbers, level.elements) == (0, 5, 0)
    assert {each.what for each in level.systems[0].missing} == {"facility", "operations"}
    reached = {each.element: (each.level, each.basis) for each in level.systems[0].elements}
    assert reached == {
        "backup": (4, "facts"),
        "processing": (1, "not_asked"),
        "network": (1, "not_asked"),
        "facility": (0, "unknown"),
        "support": (2, "not_asked"),
        "operations": (0, "unknown"),
        "plan": (6, "facts"),
    }


def test_the_edition_whose_text_was_not_seen_judges_nothing() -> None:
    first = judge(drill(), *all_declared(6)).levels[0]
    assert (first.edition, first.level, first.systems) == ("gbt-20988-2025", None, ())
    assert first.reason is not None


@pytest.mark.parametrize(
    ("rto_ms", "rpo_ms", "level"),
    [
        (20_000, 1_800_000, 5),
        (20_000, 1_800_001, 4),
        (172_800_000, 86_400_000, 4),
        (172_800_001, 86_400_000, 3),
        (172_800_001, 86_400_001, 2),
        (1, 604_800_001, 0),
        (20_000, 0, 5),  # the highest level's recovery time has no number
        (None, 0, 0),
        (20_000, None, 0),
    ],
)
def test_times_reach_the_highest_level_that_both_keep(rto_ms: int | None, rpo_ms: int | None, level: int) -> None:
    found = of_2007(judge(drill(system(rto_ms=rto_ms, rpo_ms=rpo_ms)), *all_declared(6), real_time=True))
    assert (found.numbers, found.level) == (level, level)


@pytest.mark.parametrize(
    "changes",
    [
        {"far": False},
        {"verdict": "not_run"},
        {"trusted": ()},
        {"sources": ()},
        {"sources": (source(verdict="damaged"),)},
        {"sources": (source(tables_proved=2),)},
        {"sources": (source(missing=1),)},
        {"sources": (source(loaded="failed"),)},
        {"checks": ()},
        {"checks": (check(), check("web", verdict="failed"))},
        {"checks": (check(verdict="not_run"),)},
    ],
)
def test_what_did_not_come_back_has_no_level_by_numbers(changes: dict[str, Any]) -> None:
    found = of_2007(judge(drill(system(**changes)), *all_declared(6)))
    assert (found.numbers, found.level) == (0, 0)
    assert "rto" in {each.what for each in found.systems[0].missing}


def test_a_missed_target_is_no_matter_of_the_level() -> None:
    late = system(verdict="failed", rto_met=False, rto_target_ms=1)
    assert of_2007(judge(drill(late), *all_declared(6))).numbers == 5


@pytest.mark.parametrize("kind", [DrillKind.FILE, DrillKind.TABLE])
def test_a_part_says_nothing_of_levels(kind: DrillKind) -> None:
    judgement = judge(drill(kind=kind), *all_declared(6))
    assert judgement.level is None
    assert of_2007(judgement).reason is not None
    assert judgement.trend == ()


def test_the_lowest_system_counts() -> None:
    found = of_2007(judge(drill(system(), system("website-group", rpo_ms=50_000_000)), *all_declared(4)))
    assert ([each.level for each in found.systems], found.level) == ([4, 4], 4)
    found = of_2007(judge(drill(system(), system("website-group", rpo_ms=None)), *all_declared(4)))
    assert ([each.level for each in found.systems], found.level) == ([4, 0], 0)


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({}, 4),
        ({"real_time": True}, 5),
        ({"real_time": None}, 4),
        ({"off_site": None}, 0),
        ({"off_site": False}, 0),
        ({"network_every_seconds": 43_200}, 4),
        ({"network_every_seconds": 43_201}, 2),
        ({"network_every_seconds": None}, 2),
        ({"full_every_seconds": 604_800}, 2),
        ({"full_every_seconds": 604_801}, 0),
        ({"full_every_seconds": None}, 0),
    ],
)
def test_the_backup_element_is_judged_by_plans_not_by_words(changed: dict[str, Any], level: int) -> None:
    found = of_2007(judge(drill(), declared("backup", 6), *all_declared(6), **changed))
    assert next(each.level for each in found.systems[0].elements if each.element == "backup") == level


def test_nothing_lost_and_replicated_is_the_highest_backup() -> None:
    found = of_2007(judge(drill(system(rpo_ms=0)), real_time=True))
    assert next(each.level for each in found.systems[0].elements if each.element == "backup") == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"plan_document": ""},
        {"notes": people()[:2]},
        {"notes": people()[2:]},
        {"notes": (*people()[:3], note("decision"))},
        {"verdict": "failed"},
    ],
)
def test_a_plan_is_rehearsed_only_with_its_whole_record(changes: dict[str, Any]) -> None:
    judgement = judge(drill(**changes), *all_declared(6))
    assert of_2007(judgement).level == 0
    assert {each.what for each in of_2007(judgement).systems[0].missing} == {"plan"}
    assert bool(judgement.exercise.missing) == ("verdict" not in changes)


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ([declared("facility", 4)], 4),
        ([declared("facility", 4, until=date(2026, 11, 26))], 4),
        ([declared("facility", 4, until=date(2026, 11, 25))], 0),
        ([declared("facility", 4, on=date(2026, 11, 27))], 0),
        ([declared("facility", 4, edition="gbt-20988-2025")], 0),
        ([declared("facility", 4, systems=("website-group",))], 0),
        ([declared("facility", 4), declared("facility", 2, systems=("student-records",), on=date(2026, 1, 1))], 2),
        ([declared("facility", 2), declared("facility", 4, on=date(2026, 10, 1))], 4),
        ([declared("facility", 4), declared("facility", 2)], 2),
        ([declared("facility", 0)], 0),
    ],
)
def test_a_declaration_counts_for_its_system_edition_and_time(said: list[DeclaredElement], level: int) -> None:
    found = of_2007(judge(drill(), *said))
    assert next(each.level for each in found.systems[0].elements if each.element == "facility") == level


def test_who_declared_it_is_told() -> None:
    found = of_2007(judge(drill(), declared("support", 4)))
    support = next(each for each in found.systems[0].elements if each.element == "support")
    assert (support.basis, support.by, support.on) == ("declared", "chen", "2026-09-01")
    assert "seen on site" in str(support.reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sources": (), "trusted": ()}, "no data was fetched"),
        ({"trusted": ()}, "no trusted key signed the manifest, so nothing proves the data"),
        ({"sources": (source(missing=1),), "trusted": ()}, "the data did not come back as it was saved"),
        ({"sources": (source(verdict="damaged", tables_proved=0),)}, "the data did not come back as it was saved"),
        ({"sources": (source(tables_proved=2),)}, "the data did not come back as it was saved"),
        ({"sources": (source(loaded="failed", tables_proved=0),)}, "not all data could be loaded"),
        (
            {"sources": (source("cards", tables_proved=0), source("files"), source("logs", tables_proved=0))},
            "tables of cards, logs were counted in no service",
        ),
    ],
)
def test_why_data_that_is_not_whole_reaches_no_level(changes: dict[str, Any], reason: str) -> None:
    numbers = of_2007(judge(drill(system(**changes)))).systems[0].numbers
    assert (numbers.level, str(numbers.reason)) == (0, reason)
