"""Claims and runs: never twice, never forgotten, failures told once."""

import json
import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.errors import ContentInvalid
from sec_ops.model.job import Job, JobChange, JobResult, Timing
from sec_ops.model.notice import Notice
from sec_ops.model.outcome import Outcome
from sec_ops.schedule.claims import Claims
from sec_ops.schedule.due import run_due, states
from sec_ops.schedule.jobs import STANDARD, jobs_of

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 26, 0, 2, tzinfo=UTC)
PULL = Job(id="pull", command=("logs", "pull"), timing=Timing(every_minutes=5), deadline_minutes=10)


@dataclass
class Clock:
    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def monotonic_ms(self) -> int:
        return int(self.moment.timestamp() * 1000)


@dataclass
class World:
    """A site's jobs in memory, but for the claims, which are files."""

    claims: Claims
    clock: Clock = field(default_factory=Clock)
    outcome: Outcome = Outcome.CLEAN
    ran: list[str] = field(default_factory=list)
    told: list[Notice] = field(default_factory=list)
    by_itself: bool = False

    def run_job(self, job: Job) -> JobResult:
        self.ran.append(job.id)
        return JobResult(outcome=self.outcome, elapsed_ms=5, said="said", told=self.by_itself)

    def tick(self, *jobs: Job) -> int:
        done = run_due(
            jobs or (PULL,), self.claims, clock=self.clock, zone=ZONE, run_job=self.run_job, tell=self.told.append
        )
        return len(done)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Claims(tmp_path / "claims"))


def test_a_job_runs_once_for_each_due_instant(world: World) -> None:
    counts = []
    for _minute in range(11):
        counts.append(world.tick())
        world.clock.moment += timedelta(minutes=1)
    assert counts == [1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]


def test_missed_runs_are_caught_up_once_and_counted(world: World) -> None:
    world.tick()
    world.clock.moment += timedelta(hours=1)
    (state,) = states([PULL], world.claims, world.clock.now(), ZONE)
    assert (state.missed, state.overdue is None) == (11, False)
    assert [world.tick(), world.tick()] == [1, 0]


def test_a_clock_that_goes_back_runs_nothing_twice(world: World) -> None:
    for _hour in range(3):
        world.tick()
        world.clock.moment += timedelta(hours=1)
    world.clock.moment -= timedelta(hours=2)
    assert world.tick() == 0


def test_a_clock_that_was_wrong_for_a_day_stops_no_job(world: World) -> None:
    world.tick()
    right = world.clock.moment
    world.clock.moment += timedelta(days=5000)
    for _ in range(230):
        world.tick()
        world.clock.moment += timedelta(minutes=5)
    world.clock.moment = right
    world.tick()
    counts = []
    for _minute in range(10):
        counts.append(world.tick())
        world.clock.moment += timedelta(minutes=1)
    assert counts == [0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    (state,) = states([PULL], world.claims, world.clock.now(), ZONE)
    assert state.latest is not None
    assert state.latest.due == right.replace(minute=10)


def test_a_failure_after_a_controller_died_is_told(world: World) -> None:
    world.tick()
    world.clock.moment += timedelta(minutes=5)
    assert world.claims.take(PULL, world.clock.moment.replace(minute=5), world.clock.moment) is not None  # and dies
    world.clock.moment += timedelta(minutes=15)
    world.outcome = Outcome.ENGINE
    for _ in range(3):
        world.tick()
        world.clock.moment += timedelta(minutes=5)
    assert [each.kind for each in world.told] == ["schedule.failed"]


def test_a_job_switched_off_never_runs(world: World) -> None:
    assert world.tick(PULL.model_copy(update={"enabled": False})) == 0


def test_a_failure_is_told_once_and_its_end_too(world: World) -> None:
    outcomes = [Outcome.CLEAN, Outcome.INCOMPLETE, Outcome.ENGINE, Outcome.FINDINGS, Outcome.CLEAN]
    for world.outcome in outcomes:
        world.tick()
        world.clock.moment += timedelta(minutes=5)
    assert [each.kind for each in world.told] == ["schedule.failed", "schedule.recovered"]
    assert len({each.id for each in world.told}) == 2


@pytest.mark.parametrize(
    ("about", "passes", "kinds"),
    [
        ("all by itself", [("bad", True), ("bad", True), ("good", True)], []),
        ("then silent about another fault", [("bad", True), ("bad", False), ("bad", False)], ["schedule.failed"]),
        ("silent first", [("bad", False), ("bad", True), ("good", True)], ["schedule.failed"]),
        ("silent recovery", [("bad", False), ("good", False)], ["schedule.failed", "schedule.recovered"]),
        ("recovery of what it told", [("bad", True), ("good", False)], ["schedule.recovered"]),
    ],
)
def test_what_a_command_told_by_itself_is_not_told_twice(
    world: World, about: str, passes: list[tuple[str, bool]], kinds: list[str]
) -> None:
    world.tick()
    for what, world.by_itself in passes:
        world.outcome = Outcome.ENGINE if what == "bad" else Outcome.CLEAN
        world.clock.moment += timedelta(minutes=5)
        world.tick()
    assert [each.kind for each in world.told] == kinds


def test_a_run_that_is_still_going_is_not_joined(world: World) -> None:
    claim = world.claims.take(PULL, START, START)
    assert claim is not None
    world.clock.moment += timedelta(minutes=5)
    assert world.tick() == 0
    world.claims.finish(claim, JobResult(outcome=Outcome.CLEAN, elapsed_ms=1))
    assert world.tick() == 1


def test_a_dead_controllers_claim_is_taken_over_when_its_time_is_over(world: World) -> None:
    hourly = Job(id="hourly", command=("x",), timing=Timing(every_hours=6), deadline_minutes=10)
    due = datetime(2026, 11, 25, 22, tzinfo=UTC)
    assert world.claims.take(hourly, due, START) is not None  # and its holder dies
    world.clock.moment += timedelta(minutes=10)
    assert world.tick(hourly) == 0
    world.clock.moment += timedelta(minutes=2)
    assert world.tick(hourly) == 1
    latest = world.claims.latest("hourly", world.clock.now())
    assert latest is not None
    assert latest.attempt == 2


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"started":"x"}'])
def test_a_torn_claim_counts_as_somebody_at_work_for_a_minute(world: World, tmp_path: Path, torn: bytes) -> None:
    folder = tmp_path / "claims" / "pull"
    folder.mkdir(parents=True)
    path = folder / "20261126T000000Z.0001.json"
    path.write_bytes(torn)
    os.utime(path, (START.timestamp(), START.timestamp()))
    assert world.tick() == 0
    world.clock.moment += timedelta(seconds=61)
    assert world.tick() == 1


def _controller(folder: Path, start, results) -> None:
    claims, clock, ran = Claims(folder), Clock(), []

    def run_job(job: Job) -> JobResult:
        ran.append(clock.moment)
        return JobResult(outcome=Outcome.CLEAN, elapsed_ms=1)

    start.wait()
    for _ in range(40):
        run_due(
            [PULL],
            claims,
            clock=clock,
            zone=ZONE,
            run_job=run_job,
            tell=lambda notice: None,
        )
        clock.moment += timedelta(minutes=5)
    results.put(ran)


def test_two_controllers_never_run_one_job_twice(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    controllers = [context.Process(target=_controller, args=(tmp_path / "c", start, results)) for _ in range(4)]
    for each in controllers:
        each.start()
    start.set()
    ran = [moment for _ in controllers for moment in results.get(timeout=60)]
    for each in controllers:
        each.join()
    assert len(ran) == len(set(ran))
    assert set(ran) <= {START + timedelta(minutes=5 * number) for number in range(40)}
    assert len(ran) >= 20  # one that is behind finds later instants claimed: nothing is run out of order


def _killed(folder: Path) -> None:
    def run_job(job: Job) -> JobResult:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    run_due([PULL], Claims(folder), clock=Clock(), zone=ZONE, run_job=run_job, tell=lambda notice: None)


def test_a_controller_killed_in_a_run_leaves_it_to_be_run_again(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(tmp_path / "c",))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    world = World(Claims(tmp_path / "c"))
    assert world.tick() == 0
    world.clock.moment += timedelta(minutes=12)
    assert world.tick() == 1


def test_old_claims_are_forgotten(world: World, tmp_path: Path) -> None:
    for _ in range(230):
        world.tick()
        world.clock.moment += timedelta(minutes=5)
    assert len(list((tmp_path / "claims" / "pull").iterdir())) == 200


def test_a_site_changes_standard_jobs_and_adds_its_own() -> None:
    changes = [
        JobChange(id="logs-pull", timing=Timing(every_minutes=1)),
        JobChange(id="logs-retain", enabled=False),
        JobChange(id="audit", command=("audit", "run"), timing=Timing(weekly="sun 03:00")),
    ]
    jobs = {job.id: job for job in jobs_of(changes, file="sec-ops.yml")}
    assert jobs["logs-pull"].timing.every_minutes == 1
    assert jobs["logs-pull"].command == ("logs", "pull")
    assert not jobs["logs-retain"].enabled
    assert jobs["audit"].command == ("audit", "run")
    assert len(jobs) == len(STANDARD) + 1


def test_all_faults_of_the_jobs_are_told_at_once() -> None:
    with pytest.raises(ContentInvalid) as caught:
        jobs_of([JobChange(id="a"), JobChange(id="b", command=("audit", "run"))], file="sec-ops.yml")
    assert [fault.path for fault in caught.value.faults] == ["schedule.jobs: a", "schedule.jobs: b"]


@given(steps=st.lists(st.sampled_from(["minute", "hour", "fail", "good", "die"]), max_size=30))
def test_whatever_happens_no_instant_runs_twice(tmp_path_factory: pytest.TempPathFactory, steps: Sequence[str]) -> None:
    world = World(Claims(tmp_path_factory.mktemp("claims")))
    finished: list[tuple[str, str]] = []
    for step in steps:
        if step == "minute":
            world.clock.moment += timedelta(minutes=1)
        elif step == "hour":
            world.clock.moment += timedelta(hours=1)
        elif step == "die":
            due = world.clock.moment.replace(minute=world.clock.moment.minute // 5 * 5)
            world.claims.take(PULL, due, world.clock.moment)
        else:
            world.outcome = Outcome.ENGINE if step == "fail" else Outcome.CLEAN
            done = run_due(
                [PULL], world.claims, clock=world.clock, zone=ZONE, run_job=world.run_job, tell=world.told.append
            )
            finished += [(each.job.id, json.dumps(str(each.due))) for each in done]
    assert len(finished) == len(set(finished))
