"""A bundle of a run that judged past facts again carries those facts."""

from pathlib import Path

from sec_ops.evidence.bundle import bundle
from sec_ops.evidence.drafts import AppendRequest
from tests.unit.evidence.bundles import report
from tests.unit.evidence.support import facts, opened


def judged(run: str, past: str) -> AppendRequest:
    return AppendRequest(kind="audit.run/1", data={"run": run, "level": 3, "judged_from": past})


def test_the_facts_of_the_past_run_are_in_it(folder: Path, tmp_path: Path) -> None:
    log = opened(folder)
    log.append_many([facts(1, blob=b"facts of host one\n"), judged("run-1", "")])
    bundle(log, folder, run="run-1", output=tmp_path / "first.evz")
    log.append_many([judged("run-2", "run-1"), judged("run-3", "run-2")])
    again = bundle(log, folder, run="run-3", output=tmp_path / "again.evz")
    first = next(entry.seq for entry in log.entries() if entry.kind == "audit.facts/1")
    assert again.blobs == 1
    assert again.first <= first
    assert report(again.path)["faults"] == []


def test_a_run_of_its_own_begins_where_the_export_before_ended(folder: Path, tmp_path: Path) -> None:
    log = opened(folder)
    log.append_many([facts(1, blob=b"one"), judged("run-1", "")])
    before = bundle(log, folder, run="run-1", output=tmp_path / "first.evz")
    log.append_many([facts(2, run="run-2", blob=b"two"), judged("run-2", "")])
    after = bundle(log, folder, run="run-2", output=tmp_path / "second.evz")
    assert (after.first, after.blobs) == (before.end, 1)


def test_runs_that_name_each_other_come_to_an_end(folder: Path, tmp_path: Path) -> None:
    log = opened(folder)
    log.append_many([judged("run-1", "run-2"), judged("run-2", "run-1")])
    assert bundle(log, folder, run="run-1", output=tmp_path / "x.evz").blobs == 0
