"""`sec-ops backup status` on real repositories: what was recorded, what repositories say, and a record made anew."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.naming import Named, tags_of
from sec_ops.backup.record.record import DATABASE, open_record
from sec_ops.backup.record.values import Ordered
from sec_ops.backup.restic.requests import BackupRequest, Stream
from sec_ops.runtime.site import Site
from tests.backup_site import BackupSite

pytestmark = pytest.mark.integration
SYSTEM = "student-records"


@pytest.fixture
def site(tmp_path: Path, _made: Path, tree: Path, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", _made)
    site.files(SYSTEM, tree)
    return site


def status(site: BackupSite, *words: str) -> tuple[int, Any]:
    code, body = site.call("backup", "status", SYSTEM, *words)
    return code, body["systems"][0]


def kinds(found: Any) -> list[str]:
    return [each["kind"] for each in found["problems"]]


def test_a_system_is_never_saved_then_good(site: BackupSite) -> None:
    code, found = status(site)
    assert (code, found["verdict"], found["age_ms"], found["last_drill"]) == (3, "never", None, None)
    assert "never" in kinds(found)
    site.call("backup", "run", SYSTEM)
    code, found = status(site)
    assert (code, found["verdict"], found["rpo_ms"], found["problems"]) == (0, "ok", 3_600_000, [])
    assert 0 <= found["age_ms"] < 60_000
    assert found["copies"][0]["repository"] == "a"
    assert found["next_due"]
    told = (site.root / "var" / "backup" / "backup.prom").read_text()
    assert f'sec_ops_backup_last_run_verdict{{system="{SYSTEM}",verdict="ok"}} 1' in told
    for language in ("en", "zh"):
        _code, shown = site.shown("backup", "status", language=language)
        assert SYSTEM in shown


def test_what_others_put_there_is_found_by_asking_and_the_future_is_no_backup(site: BackupSite) -> None:
    site.call("backup", "run", SYSTEM)
    forged = Named(system=SYSTEM, run="20300101T000000Z-backup-00000000", part="manifest", verdict="ok")
    request = BackupRequest(
        host="h",
        tags=tags_of(forged),
        stream=Stream(command=["echo"], filename="x"),
        time=datetime(2030, 1, 1, tzinfo=UTC),
    )
    assert site.restic("a").backup(request).judged.good
    assert kinds(status(site)[1]) == []
    code, found = status(site, "--refresh")
    assert (code, kinds(found)) == (1, ["future_dated"])
    assert found["last_good"]["run"] != forged.run
    assert found["copies"][0]["space"]["free_bytes"]


def test_a_repository_that_can_not_be_asked_is_red(site: BackupSite) -> None:
    site.call("backup", "run", SYSTEM)
    shutil.rmtree(site.root / "data" / "a")
    code, body = site.call("backup", "status", "--refresh")
    assert code == 5
    assert [each["kind"] for each in body["repositories"]] == ["repository"]
    assert body["systems"][0]["age_ms"] is not None, "what was known stays known"


def test_restore_points_are_listed_with_the_reason_why_one_does_not_count(site: BackupSite) -> None:
    site.call("backup", "run", SYSTEM)
    code, body = site.call("backup", "snapshots", SYSTEM)
    (point,) = body["points"]
    assert (code, point["counts"], point["verdict"]) == (0, True, "ok")
    assert [(each["source"], each["part"]) for each in point["snapshots"]] == [("files", "files"), ("", "manifest")]
    half = Named(system=SYSTEM, run="20260101T000000Z-backup-00000000", source="files", part="files")
    request = BackupRequest(host="h", tags=tags_of(half), stream=Stream(command=["echo", "x"], filename="x"))
    site.restic("a").backup(request)
    code, body = site.call("backup", "snapshots", SYSTEM, "--refresh", "--repository", "a")
    assert (code, [each["counts"] for each in body["points"]]) == (1, [False, True])
    assert "manifest" in body["points"][0]["why_not"]
    for language in ("en", "zh"):
        code, shown = site.shown("backup", "snapshots", "--last", "1", language=language)
        assert (code, half.run in shown, point["run"] in shown) == (1, True, False)


@pytest.mark.parametrize("harm", ["lost", "damaged", "torn"])
def test_a_lost_or_damaged_record_is_made_anew(site: BackupSite, tree: Path, harm: str) -> None:
    site.call("backup", "run", SYSTEM)
    (tree / "new").write_text("new")
    site.call("backup", "run", SYSTEM)
    with open_record(Site(site.root)) as record:
        before = record.arrivals()
    stranger = Named(system=SYSTEM, run="20260101T000000Z-backup-00000000", source="files", part="files")
    request = BackupRequest(host="h", tags=tags_of(stranger), stream=Stream(command=["echo"], filename="x"))
    site.restic("a").backup(request)
    path = site.root / "var" / DATABASE
    if harm == "lost":
        path.unlink()
    elif harm == "damaged":
        path.write_bytes(b"no database at all")
    else:
        sqlite3.connect(path).close()
        data = bytearray(path.read_bytes())
        data[4096:] = b"\x00" * (len(data) - 4096)
        path.write_bytes(data)
    if harm != "lost":
        code, shown = site.shown("backup", "status")
        assert code == 5
        assert "sec-ops backup status --rebuild" in shown
    code, found = status(site, "--rebuild")
    assert (code, found["verdict"], kinds(found)) == (0, "ok", [])
    with open_record(Site(site.root)) as record:
        after = record.arrivals()
    assert [each.snapshot for each in after[:-1]] == [each.snapshot for each in before]
    assert [each.ordered for each in after] == [Ordered.EVIDENCE] * len(before) + [Ordered.CLAIMED]
    assert [each.taken_at_ms for each in after[:-1]] == [each.taken_at_ms for each in before]
    assert bool(list(path.parent.glob("*.damaged-*"))) == (harm != "lost")
