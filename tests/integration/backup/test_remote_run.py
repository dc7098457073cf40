"""`sec-ops backup run` of sources on a host: the same verdicts as here, and what only a host can do wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backup_site import BackupSite, files
from tests.servers.hosts import LoopbackHost, loopback_host
from tests.servers.restic import make_restic

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
HOST = "student-db-1"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LoopbackHost]:
    (tmp_path / "host").mkdir()
    with loopback_host(tmp_path / "host") as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, host: LoopbackHost, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    describe(site, host)
    repository = host.sftp.repository("a")
    assert make_restic(repository, tmp_path).init().judged.good
    access = {"identity_file": str(host.sftp.identity_file)}
    more: dict[str, Any] = {"location": repository.location.text, "known_hosts": str(host.sftp.known_hosts), **access}
    site.repository("a", hosts={HOST: access}, **more)
    return site


def describe(site: BackupSite, host: LoopbackHost, **more: Any) -> None:
    """Put the host into the site's inventory, as it is reached."""
    variables = {
        "ansible_host": "127.0.0.1",
        "ansible_port": host.sftp.port,
        "ansible_user": host.target().user,
        "ansible_ssh_private_key_file": str(host.sftp.identity_file),
        "sec_ops_privilege": "root",
        **more,
    }
    folder = site.root / "inventory" / "host_vars"
    folder.mkdir(exist_ok=True)
    (folder / f"{HOST}.yml").write_text(json.dumps(variables))
    (site.root / "inventory" / "known_hosts").write_bytes(host.sftp.known_hosts.read_bytes())


def test_a_run_saves_what_is_on_a_host(site: BackupSite, host: LoopbackHost, tree: Path, tmp_path: Path) -> None:
    site.plan(SYSTEM, [files("there", tree, host=HOST), files("here", tree)])
    code, body = site.call("backup", "run", SYSTEM)
    (ran,) = body["systems"]
    assert (code, ran["verdict"], ran["snapshots"]) == (0, "ok", 2), ran
    snapshots = make_restic(host.sftp.repository("a"), tmp_path).snapshots().snapshots
    assert snapshots[0].host == HOST
    assert (host.home / ".cache").exists()
    assert ran["sources"][0]["host"] == HOST
