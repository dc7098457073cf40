"""3-2-1-1-0 and the dead-man alarm from the record: what is old, held, dated wrongly or unproved counts as nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sec_ops.backup.copying.digits import three_two_one
from sec_ops.backup.copying.overdue import limit_seconds, watched
from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.planning.checking import load_plans
from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Arrival, Doing, Ending, Hold, Verb
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.messages import message
from sec_ops.runtime.site import Site
from tests.unit.backup.planning.plans import PLAN, inventory, library

OK = Judged(verdict=Verdict.OK, what=message("done"))
BAD = Judged(verdict=Verdict.FAILED, what=message("done"))


class Still:
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic_ms(self) -> int:
        return 0


NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    return load_plans(library(tmp_path, PLAN, far={"medium": "object_storage"}), inventory(), BackupSettings())


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with open_record(Site(tmp_path), clock=Still(NOW)) as record:
        yield record


def arrive(
    record: Record, repository: str, age: timedelta, run: str = "run-1", *, claimed: timedelta | None = None
) -> None:
    """Let a whole run arrive, so long ago."""
    for part, verdict in (("files", ""), (MANIFEST, "ok")):
        record.arrive(
            [
                Arrival(
                    repository=repository,
                    snapshot=f"{repository}-{run}-{part}",
                    host="web-1",
                    claimed_ms=milliseconds(NOW - (age if claimed is None else claimed)),
                    first_seen_ms=milliseconds(NOW - age),
                    run=run,
                    system="records",
                    source="pages",
                    part=part,
                    verdict=verdict,
                )
            ]
        )


def attempted(record: Record, verb: Verb, repository: str, judged: Judged, system: str = "") -> None:
    with record.attempting(Doing(verb=verb, system=system, repository=repository)) as attempting:
        attempting.end(Ending(judged=judged, evidence=7))


def digits(planned: Planned, record: Record) -> dict[str, tuple[int, bool | None]]:
    found = three_two_one(planned.plans["records"], planned, record, NOW)
    assert [(each.name, each.wanted) for each in found] == [
        ("copies", 3),
        ("media", 2),
        ("off_site", 1),
        ("immutable", 1),
        ("errors", 0),
    ]
    return {each.name: (each.found, each.met) for each in found}


def test_all_five(planned: Planned, record: Record) -> None:
    for name in ("near", "far"):
        arrive(record, name, timedelta(minutes=5))
        attempted(record, Verb.VERIFY, name, OK)
    attempted(record, Verb.PROBE, "far", OK)
    assert digits(planned, record) == {
        "copies": (3, True),
        "media": (2, True),
        "off_site": (1, True),
        "immutable": (1, True),
        "errors": (0, True),
    }
    proofs = [
        str(proof) for each in three_two_one(planned.plans["records"], planned, record, NOW) for proof in each.proofs
    ]
    assert any("far: run run-1" in each for each in proofs)
    assert any("evidence 7" in each for each in proofs)


def test_nothing_known_is_no_pass(planned: Planned, record: Record) -> None:
    assert digits(planned, record) == {
        "copies": (1, False),
        "media": (0, False),
        "off_site": (0, False),
        "immutable": (0, None),
        "errors": (0, None),
    }


def test_what_claims_to_be_immutable_and_was_verified_badly_is_neither(planned: Planned, record: Record) -> None:
    for name in ("near", "far"):
        arrive(record, name, timedelta(minutes=5))
        attempted(record, Verb.PROBE, name, BAD)
    attempted(record, Verb.VERIFY, "near", BAD)
    found = digits(planned, record)
    assert found["immutable"] == (0, False)
    assert found["errors"] == (1, False)


@pytest.mark.parametrize("lost", ["old", "held", "future"])
def test_a_copy_that_does_not_count_is_none(planned: Planned, record: Record, lost: str) -> None:
    arrive(record, "near", timedelta(minutes=5))
    if lost == "old":
        arrive(record, "far", timedelta(hours=8))
    elif lost == "held":
        arrive(record, "far", timedelta(minutes=5), "run-2")
        record.hold(Hold(system="records", repository="far", run="run-2", reason=message("done"), since_ms=0))
    else:
        arrive(record, "far", timedelta(minutes=5), claimed=timedelta(days=-1500))
    found = digits(planned, record)
    assert found["copies"] == (2, False)
    assert found["off_site"] == (0, False)


def test_how_long_nothing_may_come(planned: Planned) -> None:
    plan = planned.plans["records"]
    assert limit_seconds(plan, "near", 14_400) == 3600 + 14_400
    assert limit_seconds(plan, "far", 14_400) == 3600 + 7200 + 14_400
    assert limit_seconds(plan, "far", None) == 3600 + 7200 + 3600


@pytest.mark.parametrize(("age", "overdue"), [(timedelta(hours=6), False), (timedelta(hours=8), True), (None, True)])
def test_the_second_site_says_that_nothing_came(
    planned: Planned, record: Record, age: timedelta | None, overdue: bool
) -> None:
    arrive(record, "near", timedelta())
    if age is not None:
        arrive(record, "far", age)
    (seen,) = watched(planned, "second", record, NOW)
    assert (seen.repository, seen.overdue) == ("far", overdue)


def test_a_flood_from_the_future_does_not_keep_the_alarm_quiet(planned: Planned, record: Record) -> None:
    arrive(record, "far", timedelta(hours=8))
    for number in range(3):
        arrive(record, "far", timedelta(minutes=1), f"fake-{number}", claimed=timedelta(days=-1500))
    (seen,) = watched(planned, "second", record, NOW)
    assert seen.overdue


def test_a_plan_that_is_off_is_not_watched(planned: Planned, record: Record) -> None:
    off = {"records": planned.plans["records"].model_copy(update={"enabled": False})}
    assert watched(replace(planned, plans=off), None, record, NOW) == ()
