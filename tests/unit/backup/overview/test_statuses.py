"""What the overview says of a system, by what the record knows."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.overview.gathering import Overview, statuses
from sec_ops.backup.overview.known import space_of
from sec_ops.backup.overview.metrics import metrics_text
from sec_ops.backup.overview.values import SystemStatus
from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival, Counts, Doing, Ending, Hold, Size, Verb
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.backup_plan import BackupPlan, Place, Repository
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from tests.unit.backup.conftest import SetClock

PLACES = {
    name: Place(id=name, name={"zh": name, "en": name}, address="x", latitude=latitude, longitude=118)
    for name, latitude in (("here", 36.0), ("there", 36.5))
}
REPOSITORIES = {
    name: Repository(id=name, place=place, location=f"/srv/{name}", password={"file": "x"})
    for name, place in (("a", "here"), ("b", "there"))
}
HOUR_MS = 3_600_000
Draw = Callable[..., SystemStatus]


def plan(**more: object) -> BackupPlan:
    document = {
        "id": "records",
        "place": "here",
        "answers": "li",
        "sources": [{"id": "files", "kind": "files"}],
        "repository": "a",
        "timing": {"daily": "02:00"},
        "retention": {"daily": 1},
        "rpo_seconds": 86_400,
    }
    return BackupPlan.model_validate(document | more)


@pytest.fixture
def draw(record: Record, clock: SetClock) -> Draw:
    def drawn(*, place: str | None = None, **more: object) -> SystemStatus:
        planned = Planned(
            systems={}, plans={"records": plan(**more)}, repositories=REPOSITORIES, places=PLACES, off_site_km=30
        )
        overview = Overview(planned=planned, record=record, now=clock.now(), zone=ZoneInfo("UTC"), place=place)
        (found,) = statuses(overview)
        return found

    return drawn


def ran(record: Record, verdict: Verdict = Verdict.OK, *, repository: str = "a", run: str = "r1") -> None:
    """Record a run with its snapshots, as of now."""
    judged = Judged(verdict=verdict, what=message("done"))
    with record.attempting(Doing(verb=Verb.RUN, system="records", repository="a", run=run)) as attempting:
        record.arrive(arrivals(record, verdict, repository=repository, run=run))
        attempting.end(Ending(judged=judged))


def arrivals(
    record: Record, verdict: Verdict, *, repository: str, run: str, claimed_ms: int | None = None
) -> Sequence[Arrival]:
    now = record.now_ms
    return [
        Arrival(
            repository=repository,
            snapshot=f"{repository}-{run}-{part}",
            host="h",
            claimed_ms=now if claimed_ms is None else claimed_ms,
            first_seen_ms=now,
            run=run,
            system="records",
            part=part,
            verdict=verdict.value if part == MANIFEST else "",
            taken_at_ms=now - 1000 if part == "files" else None,
            counts=Counts(bytes_packed=50),
        )
        for part in ("files", MANIFEST)
    ]


def kinds(status: SystemStatus) -> list[str]:
    return [each.kind for each in status.problems]


def test_nothing_known_is_never_good(draw: Draw) -> None:
    status = draw()
    assert (status.state, status.age_ms, kinds(status)) == ("never", None, ["not_run", "never"])


def test_a_good_run_is_good_until_it_is_too_old(draw: Draw, record: Record, clock: SetClock) -> None:
    ran(record)
    status = draw()
    assert (status.state, status.age_ms, kinds(status)) == ("ok", 1000, [])
    clock.go(25 * 3600)
    status = draw()
    assert (status.state, kinds(status)) == ("stale", ["not_run", "stale"])
    assert draw(rpo_seconds=None).problems[0].kind == "not_run"


def test_without_a_target_two_cycles_are_too_old(draw: Draw, record: Record, clock: SetClock) -> None:
    ran(record)
    clock.go(47 * 3600)
    assert "stale" not in kinds(draw(rpo_seconds=None))
    clock.go(2 * 3600)
    assert "stale" in kinds(draw(rpo_seconds=None))


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.OK])
def test_a_bad_last_run_is_red_whatever_was_good_before(draw: Draw, record: Record, verdict: Verdict) -> None:
    ran(record)
    ran(record, verdict, run="r2")
    status = draw()
    assert (status.state, kinds(status)) == (verdict.value, ["run"])
    assert status.problems[0].outcome in (Outcome.INCOMPLETE, Outcome.ENGINE)
    assert status.last_good is not None
    assert status.last_good.run == ("r2" if verdict is Verdict.PARTIAL else "r1")


def test_snapshots_of_the_future_are_no_backup_and_held_ones_neither(draw: Draw, record: Record) -> None:
    ran(record)
    late = arrivals(record, Verdict.OK, repository="a", run="r2", claimed_ms=record.now_ms + 6 * 60_000)
    record.arrive(late)
    ran(record, run="r3")
    hold = record.hold(Hold(system="records", repository="a", run="r3", reason=message("done"), since_ms=1))
    status = draw()
    assert status.last_good is not None
    assert status.last_good.run == "r1"
    assert kinds(status) == ["future_dated", "hold"]
    assert {each.outcome for each in status.problems} == {Outcome.FINDINGS}
    record.lift(hold.id, person="li", reason="x")
    assert draw().last_good.run == "r3"  # type: ignore[union-attr]


COPY = {"copies": [{"repository": "b", "timing": {"daily": "04:00"}, "retention": {"daily": 1}}]}


def test_copies_are_seen_each_for_itself(draw: Draw, record: Record) -> None:
    ran(record)
    status = draw(**COPY)
    assert [(each.repository, each.age_ms, round(each.km)) for each in status.copies] == [
        ("a", 1000, 0),
        ("b", None, 56),
    ]
    assert kinds(status) == ["no_copy"]
    record.arrive(arrivals(record, Verdict.OK, repository="b", run="r1"))
    assert draw(**COPY).problems == ()


def test_the_second_site_judges_what_it_sees(draw: Draw, record: Record, clock: SetClock) -> None:
    record.arrive(arrivals(record, Verdict.OK, repository="b", run="r1"))
    status = draw(place="there", **COPY)
    assert (status.state, status.last_run, status.next_due_ms, kinds(status)) == ("ok", None, None, [])
    assert [each.seen for each in status.copies] == [False, True]
    clock.go(25 * 3600)
    assert kinds(draw(place="there", **COPY)) == ["stale"]


def test_a_run_that_never_ends_is_red(draw: Draw, record: Record, clock: SetClock) -> None:
    ran(record)
    with record.attempting(Doing(verb=Verb.RUN, system="records", repository="a", run="r2")) as attempting:
        assert (draw().state, kinds(draw())) == ("running", [])
        clock.go(3 * 3600)
        assert kinds(draw()) == ["hangs"]
        attempting.end(Ending(judged=Judged(verdict=Verdict.OK, what=message("done"))))


def test_space_is_told_ahead(draw: Draw, record: Record, clock: SetClock) -> None:
    ran(record)
    record.measured(Size(repository="a", at_ms=record.now_ms, bytes=None, free_bytes=1000))
    assert (space_of(record, "a").bytes_per_day, space_of(record, "a").days) == (100, 10)
    assert kinds(draw()) == ["space"]
    clock.time += timedelta(days=5)
    assert space_of(record, "a").bytes_per_day == 20
    assert space_of(record, "b").days is None


def test_a_plan_that_is_off_is_told(draw: Draw) -> None:
    status = draw(enabled=False)
    assert (status.state, kinds(status)) == ("off", ["switched_off"])


def test_metrics_say_the_same(draw: Draw, record: Record) -> None:
    ran(record, Verdict.FULL)
    lines = metrics_text([draw()], record.now_ms).splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert samples['sec_ops_backup_last_run_verdict{system="records",verdict="full"}'] == "1"
    assert samples['sec_ops_backup_last_run_verdict{system="records",verdict="ok"}'] == "0"
    assert samples['sec_ops_backup_rpo_seconds{system="records"}'] == "86400"
    assert float(samples["sec_ops_backup_written_timestamp_seconds"]) == record.now_ms / 1000
    assert not any("last_good" in each for each in samples)
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
