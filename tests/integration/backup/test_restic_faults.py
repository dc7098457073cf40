"""Every way restic fails on a local repository: the verdict, the exit code and the cure, by real restic."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, ForgetRequest, ReadData, RestoreRequest, Stream
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.outcome import Outcome
from tests.servers.restic import make_repository, make_restic

pytestmark = pytest.mark.integration


def saved(restic: Restic, *paths: Path, **more):
    return restic.backup(BackupRequest(host="h", tags=["t"], paths=paths, **more))


def streamed(restic: Restic, *command: str):
    return restic.backup(BackupRequest(host="h", tags=["t"], stream=Stream(command=command, filename="x.sql")))


def told(judged: Judged, verdict: Verdict, outcome: Outcome) -> bool:
    """Whether it has the verdict and exit code, a reason and a next command."""
    return (judged.verdict, judged.outcome) == (verdict, outcome) and bool(judged.advice) and bool(str(judged.what))


def test_no_repository(tmp_path):
    listed = make_restic(make_repository(tmp_path / "none"), tmp_path).snapshots()
    assert told(listed.judged, Verdict.NO_REPOSITORY, Outcome.ENGINE)
    assert "keys init none" in str(listed.judged.advice)


def test_a_wrong_password(restic, tmp_path):
    wrong = make_restic(make_repository(tmp_path / "a", password="wrong"), tmp_path)
    for result in (wrong.cat_config(), wrong.backup(BackupRequest(host="h", tags=[], paths=[tmp_path]))):
        assert told(result.judged, Verdict.WRONG_KEY, Outcome.ENGINE)
        assert "keys check a" in str(result.judged.advice)


def test_the_only_source_is_missing(restic, tmp_path):
    assert told(saved(restic, tmp_path / "none").judged, Verdict.FAILED, Outcome.ENGINE)
    assert restic.snapshots().snapshots == ()


def test_one_of_two_sources_is_missing(restic, tmp_path, tree):
    result = saved(restic, tree, tmp_path / "none")
    assert told(result.judged, Verdict.PARTIAL, Outcome.INCOMPLETE)
    assert result.judged.paths == (str(tmp_path / "none"),)
    assert result.summary
    assert result.summary.total_files == 20


@pytest.mark.parametrize("command", ["echo half; exit 3", "exit 1", "echo half; kill -9 $$"])
def test_a_dump_that_fails_leaves_no_snapshot(restic, command):
    for _ in range(3):
        assert told(streamed(restic, "sh", "-c", command).judged, Verdict.FAILED, Outcome.ENGINE)
    assert restic.snapshots().snapshots == ()


def test_a_dump_program_that_is_not_there(restic):
    assert told(streamed(restic, "no-such-dump").judged, Verdict.FAILED, Outcome.ENGINE)
    assert restic.snapshots().snapshots == ()


def test_an_empty_dump_does_not_count(restic):
    result = streamed(restic, "true")
    assert told(result.judged, Verdict.FAILED, Outcome.ENGINE)
    assert "x.sql" in str(result.judged.what)


def test_an_unknown_option_is_told_though_it_is_no_json(restic, tree):
    result = saved(restic, tree, options=["--no-such-option"])
    assert restic.snapshots().snapshots == ()
    assert told(result.judged, Verdict.FAILED, Outcome.ENGINE)
    assert "no-such-option" in result.judged.why


def whole_locks(repository: str) -> set[str]:
    """Names of the locks that are written to their end."""
    return {each.name for each in Path(repository, "locks").iterdir() if "tmp" not in each.name}


@contextmanager
def in_the_middle_of_a_backup(restic: Restic, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """A plain restic that saves an endless stream, once it holds its lock; killed at the end, its lock stays."""
    path = restic.repository.location.path
    seen = whole_locks(path)
    program = restic.doors.program.path
    words = [program, "-r", path, "--cache-dir", str(restic.doors.cache), "backup", "--stdin-filename", "endless"]
    environment = os.environ | {"RESTIC_PASSWORD": restic.repository.password.get_secret_value()}
    command = [*before, *words, "--stdin-from-command", "--", "sleep", "600"]
    child = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        while whole_locks(path) == seen:
            assert child.poll() is None
            time.sleep(0.02)
        yield child
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def test_kill_9_in_a_backup_and_the_same_host(restic, tree):
    for _ in range(3):
        with in_the_middle_of_a_backup(restic):
            pass
    assert saved(restic, tree).judged.good
    pruned = restic.prune()
    assert told(pruned.judged, Verdict.LOCKED, Outcome.INCOMPLETE)
    assert "locks list a" in str(pruned.judged.advice)
    assert restic.check().judged.verdict is Verdict.LOCKED
    assert len(restic.locks().locks) == 3
    assert restic.unlock().judged.good
    assert restic.locks().locks == ()
    assert restic.prune().judged.good
    assert restic.check(ReadData(subset="all")).judged.good


def test_kill_9_on_another_host_leaves_a_lock_that_unlock_leaves(restic):
    with in_the_middle_of_a_backup(restic, "unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"):
        pass
    assert restic.unlock().judged.good
    assert [lock.host for lock in restic.locks().locks] == ["elsewhere"]
    assert told(restic.prune().judged, Verdict.LOCKED, Outcome.INCOMPLETE)


def test_two_writers_get_on_and_prune_waits(restic, tree):
    with in_the_middle_of_a_backup(restic):
        assert saved(restic, tree).judged.good
        pruned = restic.prune().judged
        assert told(pruned, Verdict.LOCKED, Outcome.INCOMPLETE)
        assert "locks list a" in str(pruned.advice)
    assert [lock.exclusive for lock in restic.locks().locks] == [False]


def packs(restic: Restic) -> list[Path]:
    """Packs of the repository, the largest first: those hold data, the small ones trees."""
    found = [each for each in Path(restic.repository.location.path, "data").rglob("*") if each.is_file()]
    return sorted(found, key=lambda each: each.stat().st_size, reverse=True)


def test_bit_rot_is_seen_by_reading_only(restic, tree, tmp_path):
    assert saved(restic, tree).judged.good
    pack = packs(restic)[0]
    pack.chmod(0o600)
    with pack.open("r+b") as stream:
        stream.seek(1000)
        stream.write(os.urandom(64))
    assert restic.check().judged.good
    read = restic.check(ReadData(subset="all"))
    assert told(read.judged, Verdict.DAMAGED, Outcome.ENGINE)
    assert "don't prune" in str(read.judged.advice)
    point = restic.snapshots().snapshots[0].id
    restored = restic.restore(RestoreRequest(snapshot=point, target=tmp_path / "out"))
    assert told(restored.judged, Verdict.DAMAGED, Outcome.ENGINE)
    assert len(list((tmp_path / "out").rglob("file-*"))) >= 19


def test_a_missing_pack(restic, tree, tmp_path):
    assert saved(restic, tree).judged.good
    packs(restic)[0].unlink()
    checked = restic.check().judged
    assert told(checked, Verdict.DAMAGED, Outcome.ENGINE)
    assert "verify a --read all" in str(checked.advice)
    assert saved(restic, tree).judged.good, "a good backup never implies that anything can be restored"
    point = restic.snapshots().snapshots[0].id
    restored = restic.restore(RestoreRequest(snapshot=point, target=tmp_path / "out"))
    assert told(restored.judged, Verdict.DAMAGED, Outcome.ENGINE)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_repository_disk(tmp_path, tree, small):
    restic = make_restic(make_repository(small / "r"), tmp_path)
    assert restic.init().judged.good
    full = saved(restic, tree)
    assert told(full.judged, Verdict.FULL, Outcome.ENGINE)
    subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
    assert saved(restic, tree).judged.good
    restic.unlock()
    assert restic.check(ReadData(subset="all")).judged.good


def test_a_full_restore_target(restic, tree, small):
    assert saved(restic, tree).judged.good
    point = restic.snapshots().snapshots[0].id
    restored = restic.restore(RestoreRequest(snapshot=point, target=small / "out"))
    assert told(restored.judged, Verdict.FULL, Outcome.ENGINE)


def test_a_restore_that_matches_nothing(restic, tree, tmp_path):
    assert saved(restic, tree).judged.good
    point = restic.snapshots().snapshots[0].id
    request = RestoreRequest(snapshot=point, target=tmp_path / "out", includes=["/no/such/path"])
    assert told(restic.restore(request).judged, Verdict.FAILED, Outcome.ENGINE)


def test_a_snapshot_from_the_future_is_taken_and_its_claim_is_shown(restic, tree):
    future = datetime.now(UTC) + timedelta(days=1500)
    assert saved(restic, tree, time=future).judged.good
    assert abs(restic.snapshots().snapshots[-1].time - future) < timedelta(days=1)


def test_the_deadline_ends_a_call(restic, tmp_path):
    impatient = make_restic(make_repository(tmp_path / "a", deadline_seconds=3), tmp_path)
    result = streamed(impatient, "sh", "-c", "echo half; sleep 600")
    assert told(result.judged, Verdict.INTERRUPTED, Outcome.INCOMPLETE)
    assert "deadline_minutes" in str(result.judged.advice)
    assert restic.snapshots().snapshots == ()


def test_forgetting_is_by_id_and_lists_are_asked_for_again(restic, tree):
    for _ in range(2):
        assert saved(restic, tree).judged.good
    first, second = restic.snapshots().snapshots
    assert restic.snapshots() is restic.snapshots()
    assert restic.forget(ForgetRequest(snapshots=[first.id])).judged.good
    assert [each.id for each in restic.snapshots().snapshots] == [second.id]
    gone = restic.forget(ForgetRequest(snapshots=[first.id]))
    assert gone.judged.verdict is not Verdict.OK


def test_what_a_repair_dropped_is_green_for_restic(restic, tree):
    """Only a manifest made at backup time can tell; that restic itself does not is what is shown here."""
    assert saved(restic, tree).judged.good
    packs(restic)[0].unlink()
    environment = os.environ | {"RESTIC_PASSWORD": restic.repository.password.get_secret_value()}
    for words in (["repair", "index"], ["repair", "snapshots", "--forget"]):
        subprocess.run(
            [restic.doors.program.path, "-r", restic.repository.location.path, *words],
            env=environment,
            check=True,
            capture_output=True,
        )
    assert restic.check(ReadData(subset="all")).judged.good
