"""Runs that are killed, run twice at once, late, or whose hooks fail: never good, never silent."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import State, Verb
from sec_ops.backup.verdict import Verdict
from sec_ops.runtime.site import Site
from tests.backup_site import BackupSite, files, locks_in

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def site(tmp_path: Path, _made: Path, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", _made)
    return site


@pytest.fixture
def _approved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hooks and commands pass as if a security administrator had signed them."""
    monkeypatch.setattr("sec_ops.cli.backup._running.require_approval", lambda _room, _site: None)


def started(site: BackupSite) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "sec_ops", "--site", str(site.root), "backup", "run", SYSTEM, "--json"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True)


def begun(site: BackupSite, after: int) -> None:
    """Wait until an attempt later than that number is recorded."""
    with open_record(Site(site.root)) as record:
        while not any(each.id > after for each in record.attempts(Verb.RUN, limit=1)):
            time.sleep(0.01)


def test_a_killed_run_is_interrupted_and_never_counts(site: BackupSite, tree: Path) -> None:
    site.files(SYSTEM, tree)
    chance = Random(os.urandom(8))
    for turn in range(5):
        (tree / f"more-{turn}").write_bytes(chance.randbytes(3_000_000))
        child = started(site)
        begun(site, turn)
        time.sleep(chance.uniform(0, 1.5))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        with open_record(Site(site.root)) as record:
            waited(partial(settled, record))
            last = record.attempts(Verb.RUN, limit=1)[0]
            assert last.id == turn + 1
            done = {each.run for each in record.arrivals(SYSTEM) if each.part == "manifest"}
        if last.state is State.INTERRUPTED:
            code, body = site.call("backup", "status", SYSTEM)
            assert (code != 0, body["systems"][0]["verdict"]) == (True, "interrupted")
            assert body["systems"][0]["problems"][0]["command"] == f"sec-ops backup run {SYSTEM}"
        else:
            assert last.run in done, "only what ended with its manifest may have ended"
    code, body = site.call("backup", "run", SYSTEM)
    assert (code, body["systems"][0]["verdict"]) == (0, "ok")
    code, body = site.call("backup", "status", SYSTEM)
    assert (code, body["systems"][0]["problems"]) == (0, [])


def settled(record: Record) -> bool:
    """Return whether what was cut short is known to be: a child forked and not begun yet still holds what we held."""
    record.settle()
    return record.attempts(Verb.RUN, limit=1)[0].state is not State.RUNNING


def restics(*words: str) -> list[int]:
    """Return the processes of restic whose arguments hold all these words."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            arguments = each.read_bytes().decode(errors="replace").split("\0")
            if Path(arguments[0]).name == "restic" and all(word in arguments for word in words):
                found.append(int(each.parent.name))
    return found


def waited(done: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_run_takes_its_restic_along_and_the_next_clears_its_locks(site: BackupSite, tree: Path) -> None:
    site.plan(SYSTEM, [files("files", tree)])
    assert site.call("backup", "run", SYSTEM)[0] == 0
    location = site.root / "data" / "a"
    (tree / "large").write_bytes(os.urandom(150_000_000))
    child = started(site)
    waited(lambda: restics("backup", str(tree)) and locks_in(location))
    child.send_signal(signal.SIGKILL)
    child.wait()
    waited(lambda: not restics("--tag", f"system:{SYSTEM}"))
    assert site.call("backup", "run", SYSTEM)[0] == 0
    assert locks_in(location) == []


def scheduled(site: BackupSite) -> str:
    """Run the plan's job as if it were due, as the operating system would; return what it came to."""
    shutil.rmtree(site.root / "var" / "state" / "schedule", ignore_errors=True)
    _code, body = site.call("schedule", "run-due", "--job", f"backup-{SYSTEM}")
    return str(body["jobs"][0]["outcome"])


def test_a_scheduled_backup_that_fails_is_told_once_and_so_is_its_end(site: BackupSite, tree: Path) -> None:
    gone = tree.with_name("gone")
    site.plan(SYSTEM, [files("files", gone)])
    assert scheduled(site) == "engine"
    assert [each["kind"] for each in site.notices()] == ["backup.failed"]
    tree.rename(gone)
    assert scheduled(site) == "clean"
    assert [each["kind"] for each in site.notices()] == ["backup.failed", "backup.recovered"]
    (site.root / "secrets" / "word").unlink()
    assert scheduled(site) == "invalid"
    assert [each["kind"] for each in site.notices()][2:] == ["backup.failed"]


def test_an_interrupted_run_is_told_by_the_next(site: BackupSite, tree: Path) -> None:
    site.plan(SYSTEM, [files("files", tree)])
    child = started(site)
    begun(site, 0)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert site.call("backup", "run", SYSTEM)[0] == 0
    assert [(each["kind"], each["data"]["verdict"]) for each in site.notices()] == [
        ("backup.failed", "interrupted"),
        ("backup.recovered", "ok"),
    ]


@pytest.mark.usefixtures("_approved")
def test_two_runs_of_one_system_at_once_are_refused_with_the_owner_told(site: BackupSite, tree: Path) -> None:
    hook = {"when": "before", "command": [sys.executable, "-m", "sec_ops", "--site", str(site.root), "backup", "run"]}
    said = tree.parent / "said"
    inner = ["sh", "-c", f"{' '.join(hook['command'])} {SYSTEM} >{said} 2>&1; echo $? >>{said}"]
    site.files(SYSTEM, tree, hooks=[{"when": "before", "command": inner}])
    code, body = site.call("backup", "run", SYSTEM)
    assert (code, body["systems"][0]["verdict"]) == (0, "ok")
    told = said.read_text()
    assert told.endswith("\n3\n")
    assert f"/{os.getpid()}" in told
    with open_record(Site(site.root)) as record:
        assert len(record.attempts(Verb.RUN)) == 1


def hooks_of(folder: Path, *, failing: str = "nothing") -> list[dict[str, Any]]:
    written = 'echo "$0 $SEC_OPS_SYSTEM $SEC_OPS_VERDICT" >> "$1"; test "$0" != "$2"'
    return [
        {"when": when, "command": ["sh", "-c", written, when, str(folder / "hooks"), failing]}
        for when in ("before", "after", "failed")
    ]


@pytest.mark.usefixtures("_approved")
@pytest.mark.parametrize(
    ("failing", "verdict", "ran"),
    [
        ("nothing", "ok", ["before student-records ", "after student-records "]),
        ("before", "failed", ["before student-records ", "after student-records ", "failed student-records failed"]),
        ("after", "partial", ["before student-records ", "after student-records ", "failed student-records partial"]),
    ],
)
def test_hooks_run_around_the_backup_and_their_failure_is_one_of_the_run(
    site: BackupSite, tree: Path, failing: str, verdict: str, ran: list[str]
) -> None:
    site.files(SYSTEM, tree, hooks=hooks_of(tree.parent, failing=failing))
    _code, body = site.call("backup", "run", SYSTEM)
    assert body["systems"][0]["verdict"] == verdict
    assert (tree.parent / "hooks").read_text().splitlines() == ran
    with open_record(Site(site.root)) as record:
        counted = [each.verdict for each in record.arrivals(SYSTEM) if each.part == "manifest"]
    assert counted == ([] if failing == "before" else [verdict])


@pytest.mark.usefixtures("_approved")
def test_ctrl_c_opens_what_a_hook_closed_and_counts_for_nothing(site: BackupSite, tree: Path) -> None:
    slow = {"id": "slow", "kind": "command", "settings": {"command": ["sleep", "60"], "filename": "x"}}
    site.plan(SYSTEM, [files("files", tree), slow], hooks=hooks_of(tree.parent))
    with open_record(Site(site.root)):
        pass
    approve = "import sec_ops.cli.backup._running as r; r.require_approval = lambda *a: None; "
    main = f"from sec_ops.cli.main import main; sys.argv[1:] = ['--site', {str(site.root)!r}, 'backup', 'run']; main()"
    child = subprocess.Popen([sys.executable, "-c", f"import sys; {approve}{main}"], cwd=ROOT)
    begun(site, 0)
    while not (tree.parent / "hooks").exists():
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=60) == 143
    assert [each.split()[0] for each in (tree.parent / "hooks").read_text().splitlines()] == ["before", "after"]
    with open_record(Site(site.root)) as record:
        (attempt,) = record.attempts(Verb.RUN)
        assert attempt.verdict is Verdict.INTERRUPTED
        assert not [each for each in record.arrivals() if each.part == "manifest"]
    assert [each["data"]["verdict"] for each in site.notices()] == ["interrupted"]
