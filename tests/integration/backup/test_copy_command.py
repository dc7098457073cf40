"""Two sites, each with its own controller: the second pulls, holds back, forgets and raises the alarm."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.naming import MANIFEST, tags_of
from sec_ops.backup.record.record import DATABASE, open_record
from sec_ops.backup.record.values import Doing, Ordered, Verb
from sec_ops.backup.restic.requests import BackupRequest, ForgetRequest, ReadData
from sec_ops.backup.verdict import Verdict
from sec_ops.runtime.site import Site
from tests.backup_site import BackupSite, locks_in
from tests.integration.backup.two_sites import SYSTEM, Two, named, runs_of, save_as

pytestmark = pytest.mark.integration


def encrypt(tree: Path) -> None:
    """Put noise in the place of all files that are text, under the same names."""
    noise = random.Random(99)
    for path in sorted(tree.iterdir()):
        path.write_bytes(noise.randbytes(path.stat().st_size))


def text(tree: Path) -> None:
    """Fill the tree with text files."""
    for path in tree.iterdir():
        path.unlink()
    for number in range(30):
        (tree / f"grades-{number:02}.csv").write_text("".join(f"{number},{row},x\n" for row in range(3000)))


def test_what_was_saved_comes_over_with_its_manifest_once(two: Two) -> None:
    first = two.run()
    code, copied = two.copy()
    assert code == 0, copied
    assert {each["part"] for each in copied["copied"]} == {"files", MANIFEST}
    originals = {each.original: each.id for each in two.far.snapshots().snapshots}
    assert {each["original"]: each["copy"] for each in copied["copied"]} == originals
    assert runs_of(two.far) == {first}
    assert two.copy()[1]["copied"] == []
    second = two.save()
    assert {each["run"] for each in two.copy()[1]["copied"]} == {second}
    assert two.far.check().judged.good
    _code, entries = two.b.call("evidence", "list")
    assert json.dumps(entries).count("backup.copy/1") >= 3


def test_blocks_are_shared_between_the_sites(two: Two) -> None:
    two.save()
    two.copy()
    (two.tree / "one-more").write_bytes(random.Random(5).randbytes(50_000))
    before = size_of(two.b.root / "data" / "far")
    two.save()
    two.copy()
    assert size_of(two.b.root / "data" / "far") - before < 150_000


def size_of(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def test_a_run_without_its_manifest_is_not_pulled(two: Two) -> None:
    two.save()
    request = BackupRequest(host="h", tags=tags_of(named("cut-short")), paths=[two.tree])
    assert two.near.backup(request).judged.good
    code, copied = two.copy()
    assert code == 0
    assert "cut-short" not in {each["run"] for each in copied["copied"]}


def test_an_encrypted_tree_is_held_until_a_person_lifts_it(two: Two) -> None:
    text(two.tree)
    good = two.save()
    two.copy()
    encrypt(two.tree)
    bad = two.save()
    code, copied = two.copy()
    assert code == 1
    assert ([each["run"] for each in copied["held"]], copied["copied"]) == ([bad], [])
    assert len(copied["held"][0]["signs"]) >= 2
    assert runs_of(two.far) == {good}
    assert [each["kind"] for each in two.b.notices()] == ["backup.hold"]

    code, held = two.b.call("backup", "hold", "list")
    assert (code, [each["run"] for each in held["holds"]]) == (1, [bad])
    code, copied = two.copy()
    assert (code, copied["held"], copied["waiting"], copied["copied"]) == (1, [], [bad], [])
    code, forgotten = two.b.call("backup", "forget", SYSTEM)
    assert (code, forgotten["systems"][0]["dropped"], forgotten["pruned"]) == (1, [], [])
    assert [each["run"] for each in forgotten["systems"][0]["holds"]] == [bad]

    (two.b.root / "var" / DATABASE).unlink()
    two.b.call("backup", "status", "--refresh")
    code, copied = two.copy()
    assert (code, copied["held"], copied["waiting"], copied["copied"]) == (1, [], [bad], []), "nor a lost record"
    rebuild(two.b)
    code, held = two.b.call("backup", "hold", "list")
    assert (code, [each["run"] for each in held["holds"]]) == (1, [bad])

    hold = str(held["holds"][0]["hold"])
    assert two.b.shown("backup", "hold", "lift", hold, "--by", "nobody", "--reason", "x")[0] == 2
    assert two.b.shown("backup", "hold", "lift", hold, "--by", "chen", "--reason", " ")[0] == 2
    code, lifted = two.b.call("backup", "hold", "lift", hold, "--by", "chen", "--reason", "a test of ours")
    assert (code, lifted["hold"]["lifted_by"], lifted["left"]) == (0, "chen", 0)
    assert two.b.shown("backup", "hold", "lift", hold, "--by", "chen", "--reason", "again")[0] == 2
    code, copied = two.copy()
    assert code == 0, copied
    assert runs_of(two.far) == {good, bad}
    _code, entries = two.b.call("evidence", "list")
    assert json.dumps(entries).count("backup.hold/1") == 2
    rebuild(two.b)
    assert two.b.call("backup", "hold", "list")[0] == 0, "what was lifted stays so"
    with open_record(Site(two.b.root)) as record:
        copies = record.arrivals(repository="far")
        assert {each.ordered for each in copies} == {Ordered.EVIDENCE}
        assert record.latest(Verb.COPY, SYSTEM, "far") is not None


def rebuild(site: BackupSite) -> None:
    """Lose the record and make it anew."""
    (site.root / "var" / DATABASE).unlink()
    site.call("backup", "status", "--rebuild")


def test_a_source_that_is_empty_all_at_once_is_held(two: Two) -> None:
    two.save()
    two.copy()
    for path in list(two.tree.iterdir())[1:]:
        path.unlink()
    two.save()
    code, copied = two.copy()
    assert (code, len(copied["held"])) == (1, 1)
    assert "5 % of it is left" in copied["held"][0]["signs"][-1]


def test_what_is_added_to_a_run_that_passed_is_judged_too(two: Two) -> None:
    """Who has the first site's secrets may save under the name of a run that was judged long ago."""
    text(two.tree)
    two.save()
    two.copy()
    encrypt(two.tree)
    save_as(two.near, two.tree, "run-1", datetime.now(UTC))
    code, copied = two.copy()
    assert (code, [each["run"] for each in copied["held"]], copied["copied"]) == (1, ["run-1"], [])


def test_after_a_lost_record_the_gate_judges_anew_what_is_left(two: Two) -> None:
    for _ in range(2):
        two.save()
    two.copy()
    rebuild(two.b)
    code, copied = two.copy()
    assert (code, copied["held"], copied["copied"]) == (0, [], [])
    with open_record(Site(two.b.root)) as record:
        assert [each.run for each in record.judgements(SYSTEM, "near")] == ["run-1", "run-2"]


@pytest.mark.parametrize("lost", [False, True], ids=["record", "lost record"])
def test_who_clears_the_first_site_does_not_begin_anew(two: Two, *, lost: bool) -> None:
    """With all earlier runs gone from A, what comes can't be compared, and is held rather than taken as a first run."""
    two.save()
    two.copy()
    if lost:
        rebuild(two.b)
    ids = [each.id for each in two.near.snapshots().snapshots]
    assert two.near.forget(ForgetRequest(snapshots=ids)).judged.good
    encrypt(two.tree)
    two.save()
    code, copied = two.copy()
    assert (code, len(copied["held"]), copied["copied"]) == (1, 1, [])
    assert "compared with nothing" in copied["held"][0]["reason"]


def test_snapshots_dated_2030_are_copied_but_never_chosen_and_push_nothing_out(two: Two) -> None:
    real = two.save()
    two.copy()
    for number in range(4):
        save_as(two.near, two.tree, f"fake-{number}", datetime(2030, 1, 1 + number, tzinfo=UTC))
    code, copied = two.copy()
    assert code == 1
    assert len(copied["future_dated"]) == 4
    assert "backup.future" in [each["kind"] for each in two.b.notices()]
    code, forgotten = two.b.call("backup", "forget", SYSTEM)
    assert code == 0
    reasons = {each["run"]: each["reasons"] for each in forgotten["systems"][0]["kept"]}
    assert "newest_whole" in reasons[real]
    assert {tuple(each) for run, each in reasons.items() if run != real} == {("future_dated",)}
    two.copy()
    assert [each["kind"] for each in two.b.notices()].count("backup.future") == 1


def test_retention_drops_the_oldest_and_they_do_not_come_back(two: Two) -> None:
    for _ in range(4):
        (two.tree / "more").write_bytes(random.randbytes(1000))
        two.save()
    two.copy()
    code, tried = two.b.call("backup", "forget", SYSTEM, "--dry-run")
    assert (code, len(tried["systems"][0]["to_go"]), len(runs_of(two.far))) == (0, 2, 4)
    code, forgotten = two.b.call("backup", "forget", SYSTEM)
    assert code == 0, forgotten
    done = forgotten["systems"][0]
    assert [each["gone"] for each in done["dropped"]] == [2, 2]
    assert [each["verdict"] for each in forgotten["pruned"]] == ["ok"]
    left = runs_of(two.far)
    assert len(left) == 2
    assert left == set(sorted(runs_of(two.near))[-2:])
    assert two.copy()[1]["copied"] == []
    assert runs_of(two.far) == left
    assert two.far.check().judged.good


def test_copies_that_vanish_raise_an_alarm_and_come_again(two: Two) -> None:
    first = two.save()
    two.copy()
    ids = [each.id for each in two.far.snapshots().snapshots]
    assert two.far.forget(ForgetRequest(snapshots=ids)).judged.good
    code, copied = two.copy()
    assert (code, len(copied["vanished"])) == (1, 2)
    assert "backup.vanished" in [each["kind"] for each in two.b.notices()]
    assert runs_of(two.far) == {first}
    code, copied = two.copy()
    assert code == 0, copied


def test_only_the_controller_at_its_place_may_forget_or_pull(two: Two) -> None:
    two.save()
    code, text = two.a.shown("backup", "forget", "--repository", "far")
    assert (code, "only the controller there may forget" in text) == (2, True)
    code, text = two.a.shown("backup", "copy", "--to", "far")
    assert (code, "the controller there pulls" in text) == (2, True)
    code, body = two.a.call("backup", "copy")
    assert (code, body["systems"]) == (0, [])
    code, body = two.a.call("backup", "forget")
    assert (code, [each["repository"] for each in body["systems"]]) == (0, ["near"])
    assert two.b.shown("backup", "forget", "--repository", "nowhere")[0] == 2


def test_two_prunes_at_once_do_not_meet(two: Two) -> None:
    two.save()
    two.copy()
    with open_record(Site(two.b.root)) as record:
        doing = Doing(verb=Verb.FORGET, system="", repository="far")
        with record.attempting(doing):
            code, body = two.b.call("backup", "forget", SYSTEM)
    assert (code, [each["verdict"] for each in body["pruned"]]) == (3, ["locked"])
    assert two.b.call("backup", "forget", SYSTEM)[0] == 0


def test_two_real_prunes_at_once_leave_the_repository_whole(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is stopped in its middle while others try: by the same controller, and by one that knows nothing of it."""
    for number in range(4):
        (two.tree / f"large-{number}").write_bytes(random.Random(number).randbytes(3_000_000))
        two.save()
        (two.tree / f"large-{number}").unlink()
    two.copy()
    monkeypatch.setattr("sec_ops.cli.backup._keeping._LOCK_WAIT_SECONDS", 1)
    first = subprocess.Popen(
        [sys.executable, "-m", "sec_ops", "--site", str(two.b.root), "backup", "forget", SYSTEM, "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    far = two.b.root / "data" / "far"
    waited_until(lambda: pruning(str(far)) and locks_in(far), pause=0.002)
    (process,) = pruning(str(far))
    os.kill(process, signal.SIGSTOP)
    try:
        assert locks_in(far), "it was stopped while it held the repository"
        code, body = two.b.call("backup", "forget", SYSTEM, "--no-prune")
        assert (code, [each["verdict"] for each in body["systems"]]) == (3, ["locked"])
        assert two.far.prune().judged.verdict is Verdict.LOCKED
    finally:
        os.kill(process, signal.SIGCONT)
    said, _none = first.communicate(timeout=120)
    assert [each["verdict"] for each in json.loads(said)["pruned"]] == ["ok"]
    assert two.far.check(ReadData(subset="all")).judged.good
    assert len(runs_of(two.far)) == 2
    assert two.b.call("backup", "forget", SYSTEM)[0] == 0


def pruning(location: str) -> list[int]:
    """Return the processes that prune a repository."""
    found: list[int] = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = each.read_bytes().decode(errors="replace").split("\0")
            if Path(words[0]).name == "restic" and words[1] == "prune" and any(location in word for word in words):
                found.append(int(each.parent.name))
    return found


def test_nothing_came_is_told_by_the_second_site(two: Two) -> None:
    code, body = two.b.call("backup", "watch")
    assert (code, [(each["repository"], each["overdue"]) for each in body["systems"]]) == (1, [("far", True)])
    assert two.b.call("backup", "watch")[0] == 1
    assert [each["kind"] for each in two.b.notices()] == ["backup.overdue"], "told once a day"
    two.save()
    two.copy()
    code, body = two.b.call("backup", "watch")
    assert (code, body["systems"][0]["overdue"], body["systems"][0]["age_ms"] < 60_000) == (0, False, True)


def test_an_unreachable_first_site_is_told_with_the_next_command(two: Two) -> None:
    two.b.repository("near", location="rest:http://127.0.0.1:9/x")
    code, copied = two.copy()
    assert (code, copied["verdict"]) == (3, "unreachable")
    assert [each["kind"] for each in two.b.notices()] == ["backup.copy_failed"]
    two.copy()
    assert len(two.b.notices()) == 1, "told once"
    (two.b.root / "secrets" / "word").unlink()
    assert two.copy()[0] == 4


def test_a_copy_that_is_killed_goes_on_where_it_was(two: Two) -> None:
    """What was whole stays and is not sent again; half a run counts as nothing."""
    for number in range(1, 3):
        (two.tree / f"large-{number}").write_bytes(random.Random(number).randbytes(30_000_000))
        two.save()
    two.copies = {"bandwidth_kib_per_second": 2000}
    two.plan()
    process = subprocess.Popen(
        [sys.executable, "-m", "sec_ops", "--site", str(two.b.root), "backup", "copy", SYSTEM],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    arrived = two.b.root / "data" / "far" / "snapshots"
    waited_until(lambda: len(list(arrived.iterdir())) >= 2, seconds=120)
    for each in [process.pid, *below(process.pid)]:
        os.kill(each, signal.SIGKILL)
    process.wait()
    assert runs_of(two.far) == {"run-1"}, "half a run has no manifest"
    two.copies = {}
    two.plan()
    if two.far.locks().locks:
        assert two.far.unlock().judged.good
    code, copied = two.copy()
    assert code == 0, copied
    assert {each["run"] for each in copied["copied"]} == {"run-2"}
    assert runs_of(two.far) == {"run-1", "run-2"}
    with open_record(Site(two.b.root)) as record:
        states = [each.state.value for each in record.attempts(Verb.COPY, SYSTEM)]
    assert states == ["ended", "interrupted"]
    code, forgotten = two.b.call("backup", "forget", SYSTEM)
    assert (code, [each["verdict"] for each in forgotten["pruned"]]) == (0, ["ok"])
    assert two.far.check().judged.good


def below(pid: int) -> list[int]:
    """Return the processes that a process started, and those they started: restic is in a session of its own."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(each) for task in tasks for each in task.read_text().split()]
    return [*children, *(one for each in children for one in below(each))]


def waited_until(condition: Any, seconds: float = 60, pause: float = 0.1) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(pause)
