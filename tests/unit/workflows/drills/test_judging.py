"""What is known of a system's backups, as levels are judged by it: never more than a restore point shows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Arrival
from sec_ops.model.backup_plan import BackupPlan, Place, Repository
from sec_ops.runtime.site import Site
from sec_ops.workflows.drills.judging import system_facts

_PLACES = {
    name: Place(id=name, name={"zh": name, "en": name}, address="x", latitude=latitude, longitude=118)
    for name, latitude in (("here", 36.0), ("there", 36.5))
}
_REPOSITORIES = {
    name: Repository(id=name, place=place, location=f"/srv/{name}", password={"file": "x"})
    for name, place in (("near", "here"), ("far", "there"))
}


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with open_record(Site(tmp_path)) as opened:
        yield opened


def _plan(**more: object) -> BackupPlan:
    document = {
        "id": "records",
        "place": "here",
        "answers": "li",
        "sources": [{"id": "files", "kind": "files"}],
        "repository": "near",
        "timing": {"every_minutes": 15},
        "retention": {"daily": 1},
        "copies": [{"repository": "far", "timing": {"every_hours": 6}, "retention": {"daily": 1}}],
    }
    return BackupPlan.model_validate(document | more)


def _planned(plan: BackupPlan) -> Planned:
    return Planned(systems={}, plans={plan.id: plan}, repositories=_REPOSITORIES, places=_PLACES, off_site_km=30)


def _arrive(record: Record, repository: str, verdict: str = "ok") -> None:
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    record.arrive(
        [
            Arrival(
                repository=repository,
                snapshot=f"{repository}-{part}",
                host="h",
                claimed_ms=now_ms,
                first_seen_ms=now_ms,
                run="r1",
                system="records",
                source="" if part == MANIFEST else "files",
                part=part,
                verdict=verdict if part == MANIFEST else "",
            )
            for part in ("files", MANIFEST)
        ]
    )


def test_a_copy_that_is_only_planned_lies_nowhere(record: Record) -> None:
    facts = system_facts(_plan(), _planned(_plan()), record, "here")
    assert (facts.full_every_seconds, facts.off_site, facts.network_every_seconds) == (900, False, None)


@pytest.mark.parametrize(
    ("repository", "verdict", "off_site"), [("near", "ok", False), ("far", "failed", False), ("far", "ok", True)]
)
def test_only_a_restore_point_that_counts_is_off_site(
    record: Record, repository: str, verdict: str, off_site: bool
) -> None:
    _arrive(record, repository, verdict)
    facts = system_facts(_plan(), _planned(_plan()), record, "here")
    assert facts.off_site is off_site
    assert facts.network_every_seconds == (21_600 if off_site else None)


def test_a_copy_brings_no_more_than_the_runs_before_it(record: Record) -> None:
    plan = _plan(timing={"daily": "02:00"})
    _arrive(record, "far")
    assert system_facts(plan, _planned(plan), record, "here").network_every_seconds == 86_400


@pytest.mark.parametrize(
    ("place", "source", "real_time"),
    [
        ("there", {"kind": "postgresql_receivewal"}, True),
        ("here", {"kind": "postgresql_receivewal"}, False),
        ("", {"kind": "postgresql_receivewal"}, False),
        ("there", {"kind": "postgresql_receivewal", "host": "db-1"}, False),
        ("there", {"kind": "files"}, False),
    ],
)
def test_a_log_received_far_away_is_real_time(
    record: Record, place: str, source: dict[str, str], real_time: bool
) -> None:
    plan = _plan(sources=[{"id": "log", **source}])
    assert system_facts(plan, _planned(plan), record, place).real_time is real_time


def test_of_a_plan_that_is_off_nothing_is_known(record: Record) -> None:
    facts = system_facts(_plan(enabled=False), _planned(_plan()), record, "here")
    assert (facts.full_every_seconds, facts.off_site, facts.real_time) == (None, None, None)
