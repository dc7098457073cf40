"""How much is free where a repository lies: its disk, what a server of sftp says, and where nobody can say."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.overview.measuring import free_bytes
from tests.backup_site import BackupSite
from tests.servers.process import free_port
from tests.servers.restic import Sftp, make_repository, make_restic, sftp_server

pytestmark = pytest.mark.integration
SYSTEM = "student-records"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sftp]:
    (tmp_path / "server").mkdir()
    with sftp_server(tmp_path / "server") as started:
        yield started


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_server_of_sftp_says_what_its_disk_has(server: Sftp, small: Path, tmp_path: Path) -> None:
    repository = server.repository("a b")
    (server.folder / "a b").symlink_to(small)
    asked = free_bytes(make_restic(repository, tmp_path))
    assert asked is not None
    assert abs(asked - shutil.disk_usage(small).free) < 1_000_000
    assert asked < 60_000_000, "the small disk, not the one the site is on"


def test_nobody_can_say(server: Sftp, tmp_path: Path) -> None:
    port = free_port()
    server_of_http = f"http://127.0.0.1:{port}/bucket"
    for location in (f"rest:{server_of_http}", f"s3:{server_of_http}", str(tmp_path / "nothing")):
        assert free_bytes(make_restic(make_repository(location, name="x"), tmp_path)) is None
    assert free_bytes(make_restic(server.repository("not-there"), tmp_path)) is None
    away = make_repository(f"sftp://root@127.0.0.1:{port}/x", known_hosts=server.known_hosts, name="x")
    assert free_bytes(make_restic(away, tmp_path)) is None


def test_status_says_it_and_says_when_it_does_not_know(
    server: Sftp, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = BackupSite(tmp_path / "site", capsys)
    repository = server.repository("far")
    assert make_restic(repository, tmp_path).init().judged.good
    access: dict[str, Any] = {"identity_file": str(server.identity_file), "known_hosts": str(server.known_hosts)}
    site.repository("far", location=repository.location.text, **access)
    site.files(SYSTEM, tree, "far")
    assert site.call("backup", "run", SYSTEM)[0] == 0
    _code, body = site.call("backup", "status")
    assert body["systems"][0]["copies"][0]["space"]["free_bytes"] > 0
    assert "free" in site.shown("backup", "status")[1]
    (site.root / "var" / "backup" / "backup.db").unlink()
    for language, told in (("en", "nobody can say how much is free"), ("zh", "剩余空间未知")):
        assert told in site.shown("backup", "status", language=language)[1]
