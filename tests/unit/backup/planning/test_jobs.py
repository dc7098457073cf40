"""Jobs of plans: each on the controller whose work it is."""

from pathlib import Path

import pytest

from sec_ops.backup.planning.checking import load_plans
from sec_ops.backup.planning.jobs import jobs_of_plans
from sec_ops.model.backup_settings import BackupSettings
from tests.unit.backup.planning.plans import PLAN, inventory, library

VERBS = ("plans", "status", "heartbeat", "run", "copy", "forget", "watch")
HERE = ["backup-forget", "backup-watch"]


@pytest.mark.parametrize(
    ("place", "jobs"),
    [
        (None, ["backup-plans", "backup-summary", "backup-records", "backup-copy-records-far", *HERE]),
        ("centre", ["backup-plans", "backup-summary", "backup-records", *HERE]),
        ("second", ["backup-plans", "backup-summary", "backup-copy-records-far", *HERE]),
        ("annexe", ["backup-plans", "backup-summary"]),
    ],
)
def test_whose_jobs(tmp_path: Path, place: str | None, jobs: list[str]) -> None:
    planned = load_plans(library(tmp_path, PLAN), inventory(), BackupSettings())
    found = jobs_of_plans(planned.plans, planned.repositories, place, VERBS)
    assert [job.id for job in found] == jobs
    assert all(job.command[0] == "backup" for job in found)


def test_a_plan_that_is_switched_off_makes_no_jobs(tmp_path: Path) -> None:
    planned = load_plans(library(tmp_path, PLAN | {"enabled": False}), inventory(), BackupSettings())
    found = jobs_of_plans(planned.plans, planned.repositories, None, VERBS)
    assert [job.id for job in found] == ["backup-plans", "backup-summary"]


def test_no_job_is_made_for_a_verb_that_does_not_exist(tmp_path: Path) -> None:
    planned = load_plans(library(tmp_path, PLAN), inventory(), BackupSettings())
    found = jobs_of_plans(planned.plans, planned.repositories, None, ("plans", "copy"))
    assert [job.id for job in found] == ["backup-plans", "backup-copy-records-far"]


def test_plans_that_cannot_be_read_are_told_by_the_daily_check() -> None:
    assert [job.id for job in jobs_of_plans({}, {}, None, VERBS)] == ["backup-plans", "backup-summary"]


def test_heartbeats_are_a_job_of_their_own(tmp_path: Path) -> None:
    source = {"id": "data", "kind": "postgresql", "heartbeat": True, "settings": {"user": "u", "database": "d"}}
    planned = load_plans(library(tmp_path, PLAN | {"sources": [source]}), inventory(), BackupSettings())
    assert "backup-heartbeat" in [job.id for job in jobs_of_plans(planned.plans, planned.repositories, "second", VERBS)]
