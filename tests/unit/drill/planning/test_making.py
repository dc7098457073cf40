"""A plan of a drill: order, targets, repositories, and no more of a recovery than the scenario needs."""

from dataclasses import replace
from typing import Any

import pytest

from sec_ops.drill.planning.making import made_plan
from sec_ops.drill.planning.plan import DrillPlan, PlannedSystem
from sec_ops.model.backup_plan import BackupPlan, Repository
from tests.unit.drill.planning.example import material, scenario


def _plan(kind: str, *systems: dict[str, Any], **more: Any) -> DrillPlan:
    return made_plan(scenario(kind, *systems, **more), material(), "0" * 64)


def _only(plan: DrillPlan) -> PlannedSystem:
    (system,) = plan.systems
    return system


def test_systems_follow_those_they_depend_on() -> None:
    plan = _plan(
        "site_loss",
        {"id": "website-group"},
        {"id": "exam-enrolment"},
        {"id": "student-records"},
        {"id": "identity-service"},
        lost_places=["centre"],
    )
    assert [each.id for each in plan.systems] == [
        "website-group",
        "identity-service",
        "student-records",
        "exam-enrolment",
    ]
    after = {each.id: each.after for each in plan.systems}
    assert after["exam-enrolment"] == ("identity-service", "student-records")
    assert after["website-group"] == ()


def test_who_depends_on_a_system_outside_of_the_drill_does_not_wait_for_it() -> None:
    assert _only(_plan("site_loss", {"id": "student-records"}, lost_places=["centre"])).after == ()


def test_repositories_in_lost_places_are_not_asked() -> None:
    plan = _plan("site_loss", {"id": "student-records"}, lost_places=["centre"])
    assert _only(plan).repositories == ("student-records-b",)
    assert set(plan.repositories) == {"student-records-b"}
    assert _only(plan).far == {"student-records-b"}


def test_far_repositories_come_first_unless_some_are_named() -> None:
    system: dict[str, Any] = {"id": "student-records"}
    plan = _plan("ransomware", system, point="before_encryption")
    assert _only(plan).repositories == ("student-records-b", "student-records-a")
    named = _plan("ransomware", {**system, "repositories": ["student-records-a"]}, point="before_encryption")
    assert _only(named).repositories == ("student-records-a",)
    assert _only(named).far == frozenset()


def test_by_the_escrow_key_only_those_that_name_one_are_opened() -> None:
    assert _only(_plan("lost_key", {"id": "student-records"})).repositories == ("student-records-b",)


@pytest.mark.parametrize(
    ("scenario_s", "plan_s", "system_s", "strictest"),
    [(None, None, 14400, 14400), (None, 600, 14400, 600), (60, 600, 14400, 60), (99999, None, 14400, 14400)],
)
def test_the_strictest_target_counts(scenario_s: int | None, plan_s: int | None, system_s: int, strictest: int) -> None:
    every = material()
    plan: BackupPlan = every.plans["student-records"].model_copy(update={"rto_seconds": plan_s, "rpo_seconds": plan_s})
    system = every.systems["student-records"].model_copy(update={"rto_seconds": system_s, "rpo_seconds": system_s})
    changed = replace(
        every,
        plans={**every.plans, "student-records": plan},
        systems={**every.systems, "student-records": system},
    )
    asked = scenario(
        "ransomware",
        {"id": "student-records", "rto_seconds": scenario_s, "rpo_seconds": scenario_s},
        point="before_encryption",
    )
    made = _only(made_plan(asked, changed, ""))
    assert (made.rto_seconds, made.rpo_seconds) == (strictest, strictest)


def test_this_program_itself_can_be_drilled_without_targets() -> None:
    made = _only(_plan("controller_lost", {"id": "sec-ops"}))
    assert (made.rto_seconds, made.rpo_seconds, made.sources) == (None, None, ("site",))
    assert made.name.zh != made.name.en


def test_all_of_a_recovery_takes_part() -> None:
    made = _only(_plan("site_loss", {"id": "identity-service"}, lost_places=["centre"]))
    assert made.sources == ("directory", "database", "files")
    assert [each.id for each in made.services] == ["directory", "database"]
    assert [each.id for each in made.checks] == ["people", "accounts"]


def test_named_checks_alone_count() -> None:
    made = _only(_plan("site_loss", {"id": "identity-service", "checks": ["people"]}, lost_places=["centre"]))
    assert [each.id for each in made.checks] == ["people"]
    assert [each.id for each in made.services] == ["directory", "database"]


def test_for_a_file_only_its_source_is_fetched_and_nothing_started() -> None:
    made = _only(_plan("file", {"id": "student-records", "paths": ["/etc/student-records/application.yml"]}))
    assert (made.sources, made.services, made.checks) == (("uploads",), (), ())


def test_for_a_file_a_named_check_brings_its_service() -> None:
    made = _only(_plan("file", {"id": "website-group", "paths": ["/var/www/portal/a"], "checks": ["front-page"]}))
    assert [each.id for each in made.services] == ["database", "web"]
    assert made.sources == ("portal",)


def test_for_a_table_only_what_holds_data_is_started() -> None:
    made = _only(_plan("table", {"id": "student-records", "tables": ["public.students"]}))
    assert (made.sources, [each.id for each in made.services]) == (("database",), ["database"])
    assert [each.id for each in made.checks] == ["students"]


def test_a_table_top_has_no_systems() -> None:
    plan = material().scenarios["table-top"]
    assert made_plan(plan, material(), "").systems == ()


def test_repositories_are_those_of_the_content() -> None:
    plan = _plan("ransomware", {"id": "website-group"}, point="before_encryption")
    assert all(isinstance(each, Repository) for each in plan.repositories.values())
    assert list(plan.repositories) == ["website-group-b", "website-group-a"]
