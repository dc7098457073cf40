"""Every way restic fails on rest-server and S3: dead, silent, back in time, append-only, wrong names and keys."""

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import (
    BackupRequest,
    CopyRequest,
    ForgetRequest,
    ReadData,
    RestoreRequest,
    Stream,
)
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.outcome import Outcome
from tests.servers.certificates import Authority
from tests.servers.process import free_port
from tests.servers.repository_servers import rest_server, s3_server
from tests.servers.restic import make_repository, make_restic

pytestmark = [pytest.mark.integration, pytest.mark.heavy]
DEAD_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Noted:
    """What calls did: the seconds each probe of the server was given, and how each run of restic ended."""

    probes: list[float] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


def noted(restic: Restic) -> tuple[Restic, Noted]:
    """Return the same repository through doors that note what goes through them."""
    doors, seen = restic.doors, Noted()

    def reach(server, *, seconds):
        seen.probes.append(seconds)
        doors.reach(server, seconds=seconds)

    def stream(*words, **more):
        seen.runs.append("given up")
        ended = doors.stream(*words, **more)
        seen.runs[-1] = "expired" if ended.expired else "ended"
        return ended

    return replace(restic, doors=replace(doors, reach=reach, stream=stream)), seen


def in_time(seen: Noted) -> bool:
    """Whether one probe told it, given no longer than a dead server may take, and restic was not started."""
    return len(seen.probes) == 1 and seen.probes[0] <= DEAD_SECONDS and not seen.runs


def saved(restic, *paths: Path):
    return restic.backup(BackupRequest(host="h", tags=["t"], paths=paths))


def unreachable(judged: Judged) -> bool:
    """Whether it has the verdict and the exit code of a server that is not there, and a cure."""
    return (judged.verdict, judged.outcome) == (Verdict.UNREACHABLE, Outcome.INCOMPLETE) and bool(judged.advice)


def test_nothing_listens(tmp_path):
    gone, seen = noted(make_restic(make_repository(f"rest:http://127.0.0.1:{free_port()}/r"), tmp_path))
    judged = saved(gone, tmp_path).judged
    assert in_time(seen)
    assert unreachable(judged)


def test_a_server_that_hangs(tmp_path):
    with rest_server(tmp_path) as server:
        restic = make_restic(make_repository(server.location("r")), tmp_path)
        assert restic.init().judged.good
        server.stop()
        try:
            asked, seen = noted(restic)
            assert unreachable(asked.snapshots().judged)
            assert in_time(seen)
        finally:
            server.go_on()
        assert restic.snapshots().judged.good


def test_a_server_that_is_away_for_eight_seconds_in_the_middle(tmp_path, tree):
    port = free_port()
    with rest_server(tmp_path, port=port) as server:
        restic = make_restic(make_repository(server.location("r")), tmp_path)
        assert restic.init().judged.good
        came: list = []
        begun = tmp_path / "begun"
        script = f"head -c 3000000 /dev/urandom; touch {begun}; sleep 3; head -c 30000000 /dev/urandom"
        request = BackupRequest(host="h", tags=["t"], stream=Stream(command=["sh", "-c", script], filename="x"))
        thread = threading.Thread(target=lambda: came.append(restic.backup(request)))
        thread.start()
        while not begun.exists():
            time.sleep(0.05)
    time.sleep(8)
    with rest_server(tmp_path, port=port):
        thread.join()
        assert came[0].judged.good
        assert restic.check(ReadData(subset="all")).judged.good


def test_append_only_refuses_and_each_refusal_is_told(tmp_path, tree):
    with rest_server(tmp_path, "--append-only") as server:
        restic = make_restic(make_repository(server.location("r"), append_only=True), tmp_path)
        assert restic.init().judged.good
        assert saved(restic, tree).judged.good
        point = restic.snapshots().snapshots[0].id
        forgotten = restic.forget(ForgetRequest(snapshots=[point]))
        tagged = restic.tag(point, "x")
        assert tagged.judged.verdict is Verdict.REFUSED, "restic itself ends with 0"
        for judged in (forgotten.judged, tagged.judged):
            assert (judged.verdict, judged.outcome) == (Verdict.REFUSED, Outcome.ENGINE)
            assert "append-only" in str(judged.advice)
        assert point in [each.id for each in restic.snapshots().snapshots]
        assert restic.unlock().judged.good


def test_https_with_credentials_over_ipv6(tmp_path, tree):
    pair = (authority := Authority(tmp_path)).issue("localhost", "::1", "127.0.0.1")
    with rest_server(tmp_path, "--private-repos", host="::1", users={"alice": "pass:w@rd/1"}, pair=pair) as server:
        repository = make_repository(
            server.location("alice/r"), certificate=authority.ca, credentials=server.credentials
        )
        restic = make_restic(repository, tmp_path)
        assert restic.init().judged.good
        assert saved(restic, tree).judged.good
        local = make_restic(make_repository(tmp_path / "copy"), tmp_path)
        assert local.init(chunker_of=restic.repository).judged.good
        points = [each.id for each in restic.snapshots().snapshots]
        copied = local.copy_from(restic.repository, CopyRequest(snapshots=points))
        assert copied.judged.good
        assert len(copied.copied) == 1
        untrusted = make_restic(make_repository(server.location("alice/r"), credentials=server.credentials), tmp_path)
        judged = untrusted.snapshots().judged
        assert judged.verdict is Verdict.UNREACHABLE
        assert "certificate" in str(judged.what)
        for location, credentials in (
            ("bob/r", server.credentials),
            ("alice/r", {**server.credentials, "RESTIC_REST_PASSWORD": "wrong"}),
        ):
            repository = make_repository(
                server.location(location), certificate=authority.ca, credentials=credentials, deadline_seconds=60
            )
            judged = make_restic(repository, tmp_path).snapshots().judged
            assert judged.verdict is Verdict.REFUSED, judged


def test_a_full_rest_server(tmp_path, tree):
    with rest_server(tmp_path, "--max-size", "1000000") as server:
        restic = make_restic(make_repository(server.location("r"), deadline_seconds=60), tmp_path)
        assert restic.init().judged.good
        judged = saved(restic, tree).judged
        assert (judged.verdict, judged.outcome) == (Verdict.FULL, Outcome.ENGINE), judged


def test_s3_from_start_to_end(tmp_path, tree):
    with s3_server(tmp_path) as server:
        repository = make_repository(server.location("bucket-one", "r"), credentials=server.credentials)
        restic = make_restic(repository, tmp_path)
        assert restic.init().judged.good
        assert saved(restic, tree).judged.good
        assert restic.check(ReadData(subset="all")).judged.good
        point = restic.snapshots().snapshots[0].id
        restored = restic.restore(RestoreRequest(snapshot=point, target=tmp_path / "out", folder=str(tree)))
        assert restored.judged.good
        assert len(list((tmp_path / "out").iterdir())) == 20
        local = make_restic(make_repository(tmp_path / "copy"), tmp_path)
        assert local.init(chunker_of=repository).judged.good
        assert local.copy_from(repository, CopyRequest(snapshots=[point])).judged.good
        assert local.snapshots().snapshots[0].original == point
        assert restic.forget(ForgetRequest(snapshots=[point])).judged.good
        assert restic.prune().judged.good


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_s3_with_a_wrong_key_is_told_long_before_the_deadline(tmp_path, wrong):
    with s3_server(tmp_path) as server:
        credentials = dict(server.credentials) | {wrong: "wrong"}
        repository = make_repository(server.location("bucket-one", "r"), credentials=credentials)
        restic, seen = noted(make_restic(repository, tmp_path))
        judged = restic.snapshots().judged
        assert (judged.verdict, judged.outcome) == (Verdict.REFUSED, Outcome.ENGINE), judged
        assert "credentials" in str(judged.advice)
        assert seen.runs in (["given up"], ["ended"]), "restic itself would try again until the deadline"


def test_s3_that_dies(tmp_path):
    with s3_server(tmp_path) as server:
        restic = make_restic(
            make_repository(server.location("bucket-one", "r"), credentials=server.credentials), tmp_path
        )
        assert restic.init().judged.good
    asked, seen = noted(restic)
    assert unreachable(asked.snapshots().judged)
    assert in_time(seen)
