"""What is let go with time: never what a point, a status or a comparison needs, and no folder nobody sealed."""

from pathlib import Path

import pytest

from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival, Doing, Ending, JudgedPart, Size, Verb
from sec_ops.backup.tidying import tidy
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.runtime.run import Run, create_run

DAYS = 400


def made(folder: Path, record: Record, clock: Clock, *, verdict: Verdict = Verdict.OK, evidence: int | None = 1) -> str:
    """Make a run with its folder, sealed when there is evidence; return its name."""
    run: Run = create_run(
        folder, "backup", clock=clock, randomness=lambda size: record.now_ms.to_bytes(8, "big")[-size:]
    )
    run.write("result.json", {})
    if evidence is not None:
        run.seal()
    with record.attempting(Doing(verb=Verb.RUN, system="records", repository="a", run=run.name)) as attempting:
        attempting.end(Ending(judged=Judged(verdict=verdict, what=message("done")), evidence=evidence))
    return run.name


def arrived(record: Record, run: str, snapshot: str, repository: str = "a") -> None:
    arrival = Arrival(
        repository=repository,
        snapshot=snapshot,
        host="h",
        claimed_ms=record.now_ms,
        first_seen_ms=record.now_ms,
        run=run,
        system="records",
    )
    record.arrive([arrival])
    part = JudgedPart(
        repository=repository,
        system="records",
        run=run,
        source="files",
        part="files",
        at_ms=record.now_ms,
        share=0.1,
        added=1,
        packed=1,
        samples=1,
        turned_random=0,
        turned_odd=0,
    )
    record.judge([part])


def gone(record: Record, repository: str = "a") -> None:
    """Let all snapshots of a repository be gone."""
    record.listed(repository, [], asked_ms=record.now_ms + 1)


def runs(record: Record) -> list[str]:
    return [each.run for each in record.attempts(Verb.RUN)]


def test_what_is_old_and_needed_by_nothing_goes(record: Record, clock, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    old = [made(folder, record, clock)]
    arrived(record, old[0], "1" * 64)
    clock.go(86_400)
    old.append(made(folder, record, clock, verdict=Verdict.FAILED))
    record.measured(Size(repository="a", at_ms=record.now_ms, bytes=1, free_bytes=1))
    gone(record)
    clock.go(86_400 * DAYS)
    young = made(folder, record, clock)
    record.measured(Size(repository="a", at_ms=record.now_ms, bytes=2, free_bytes=1))
    assert tidy(record, folder, days=DAYS + 2).rows == 0
    tidied = tidy(record, folder, days=DAYS - 1)
    assert (tidied.folders, tidied.rows) == (2, 5)
    assert runs(record) == [young]
    assert [each.name for each in folder.iterdir()] == [young]
    assert record.arrivals(gone=True) == ()
    assert record.judgements("records", "a") == ()
    assert [each.bytes for each in record.sizes("a")] == [2]
    assert tidy(record, folder, days=DAYS - 1).rows == 0


@pytest.mark.parametrize("last", [Verdict.OK, Verdict.FAILED])
def test_the_last_and_the_last_good_of_their_kind_stay(record: Record, clock, tmp_path: Path, last: Verdict) -> None:
    names = []
    for verdict in (Verdict.OK, Verdict.OK, last):
        names.append(made(tmp_path / "runs", record, clock, verdict=verdict))
        clock.go(86_400)
    with record.attempting(Doing(verb=Verb.VERIFY, system="records", repository="a")) as attempting:
        attempting.end(Ending(judged=Judged(verdict=Verdict.OK, what=message("done"))))
    clock.go(86_400 * DAYS)
    tidy(record, tmp_path / "runs", days=DAYS)
    assert runs(record) == ([names[2]] if last is Verdict.OK else [names[2], names[1]])
    assert len(record.attempts(Verb.VERIFY)) == 1


def test_what_points_are_judged_by_stays_as_long_as_one_is_anywhere(record: Record, clock, tmp_path: Path) -> None:
    point = made(tmp_path / "runs", record, clock)
    arrived(record, point, "1" * 64)
    arrived(record, point, "2" * 64, "b")
    gone(record)
    for _ in range(2):
        clock.go(86_400 * DAYS)
        made(tmp_path / "runs", record, clock)
    tidy(record, tmp_path / "runs", days=DAYS - 1)
    assert point in runs(record)
    assert len(record.arrivals(gone=True)) == 2, "a copy that was let go here is not taken for one that never came"
    gone(record, "b")
    clock.go(86_400 * DAYS)
    tidy(record, tmp_path / "runs", days=DAYS - 1)
    assert point not in runs(record)
    assert record.arrivals(gone=True) == ()


def test_a_folder_that_nobody_sealed_stays_unless_it_is_empty(record: Record, clock, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    unsealed = made(folder, record, clock, evidence=None)
    clock.go(1)
    empty = create_run(folder, "backup", clock=clock, randomness=lambda size: b"\0" * size)
    other = create_run(folder, "audit", clock=clock, randomness=lambda size: b"\0" * size)
    clock.go(86_400 * DAYS)
    made(folder, record, clock)
    tidy(record, folder, days=DAYS - 1)
    assert (folder / unsealed).is_dir()
    assert not empty.folder.exists()
    assert other.folder.exists()
