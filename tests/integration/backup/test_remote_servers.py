"""A host that saves into an append-only rest-server through its tunnel, with credentials of its own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.backup.remote.there import There
from sec_ops.backup.restic.requests import BackupRequest, ForgetRequest
from sec_ops.backup.verdict import Verdict
from tests.servers.certificates import Authority
from tests.servers.hosts import loopback_host
from tests.servers.repository_servers import RestServer, rest_server, s3_server
from tests.servers.restic import make_repository, make_restic

pytestmark = [pytest.mark.integration, pytest.mark.heavy]

USERS = {"controller": "controller-word", "records-1": "host-word", "other": "other-word"}
NAME = socket.gethostname()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    with loopback_host(tmp_path_factory.mktemp("host")) as host, host.connected() as connected:
        yield connected


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def credentials(user: str, password: str = "") -> dict[str, str]:
    return {"RESTIC_REST_USERNAME": user, "RESTIC_REST_PASSWORD": password or USERS[user]}


@pytest.fixture(params=["by name", "loopback"])
def server(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> Iterator[tuple[RestServer, str]]:
    """A server, and its location as a host of the inventory would know it: its own name, or this machine's loopback."""
    address = socket.gethostbyname(NAME) if request.param == "by name" else "127.0.0.1"
    pair = authority.issue(NAME if request.param == "by name" else "localhost", "127.0.0.1")
    options = ("--append-only", "--private-repos")
    with rest_server(tmp_path, *options, host=address, users=USERS, pair=pair) as started:
        location = started.location("records-1/pupils")
        yield started, location.replace(address, NAME) if request.param == "by name" else location


def test_a_host_adds_and_can_not_take_away(
    there: There, server: tuple[RestServer, str], authority: Authority, tree: Path, tmp_path: Path
) -> None:
    _started, location = server
    repository = make_repository(
        location, credentials=credentials("records-1"), certificate=authority.ca, append_only=True, name="a"
    )
    restic = there.restic(repository)
    assert restic.init().judged.good
    result = restic.backup(BackupRequest(host="records-1", tags=["x"], paths=[tree]))
    assert result.judged.good, result.judged
    assert result.summary is not None
    assert restic.locks().locks == ()
    assert restic.forget(ForgetRequest(snapshots=[result.summary.snapshot_id])).judged.verdict is Verdict.REFUSED
    assert [each.host for each in make_restic(repository, tmp_path).snapshots().snapshots] == ["records-1"]


def test_a_wrong_credential_and_a_stranger_s_certificate_are_refused(
    there: There, server: tuple[RestServer, str], authority: Authority, tmp_path: Path
) -> None:
    _started, location = server
    for words in (credentials("records-1", "wrong"), credentials("other")):
        refused = make_repository(location, credentials=words, certificate=authority.ca, name=f"a{words}")
        assert there.restic(refused).init().judged.verdict is Verdict.REFUSED
    (tmp_path / "stranger").mkdir()
    stranger = Authority(tmp_path / "stranger")
    misled = make_repository(location, credentials=credentials("records-1"), certificate=stranger.ca, name="misled")
    assert there.restic(misled).init().judged.verdict is Verdict.UNREACHABLE


def test_the_certificate_is_verified_on_the_host_too(there: There, authority: Authority, tmp_path: Path) -> None:
    """Whoever gets between the controller's end of the tunnel and the server is seen by restic itself."""
    address = socket.gethostbyname(NAME)
    with rest_server(tmp_path, host=address, users=USERS, pair=authority.issue("elsewhere.example")) as started:
        location = started.location("a").replace(address, NAME)
        repository = make_repository(
            location, credentials=credentials("records-1"), certificate=authority.ca, name="between"
        )
        blind = There(host=there.host, doors=there.doors, access=there.access, reach=lambda _server, *, seconds: None)
        judged = blind.restic(repository).init().judged
    assert judged.verdict is Verdict.UNREACHABLE
    assert "certificate is valid for elsewhere.example" in judged.why


def test_object_storage_through_the_tunnel(there: There, tree: Path, tmp_path: Path) -> None:
    with s3_server(tmp_path) as server:
        repository = make_repository(server.location("bucket", "a"), credentials=server.credentials, name="objects")
        restic = there.restic(repository)
        assert restic.init().judged.good
        assert restic.backup(BackupRequest(host="records-1", tags=["x"], paths=[tree])).judged.good
