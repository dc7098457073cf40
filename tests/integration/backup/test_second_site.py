"""With every secret of the first site's controller, the second site's snapshots can't be removed."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sec_ops.backup.probing.attacks import Attack, Outcome, probe
from sec_ops.backup.probing.raw import raw_door
from sec_ops.backup.restic.requests import ForgetRequest
from sec_ops.backup.restic.results import Result
from tests.integration.backup.two_sites import Two, runs_of
from tests.servers.repository_servers import rest_server
from tests.servers.restic import make_repository, make_restic, sftp_server

pytestmark = pytest.mark.integration
NOBODY = 65_534
_REMOVE = """
import os, shutil, sys
from pathlib import Path
folder = Path(sys.argv[1])
found = [*folder.rglob("*"), folder]
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
for each in found:
    for strike in (os.remove, shutil.rmtree, lambda at: open(at, "wb").close(), lambda at: os.rename(at, f"{at}x")):
        try:
            strike(each)
        except OSError:
            continue
        print("done", each)
"""


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder that every user of the machine may go through."""
    folder = Path(tempfile.mkdtemp(prefix="sec-ops-disk-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_another_user_of_the_machine_removes_nothing(two: Two, disk: Path) -> None:
    """Where both controllers share a disk, each is a user of its own: A's changes nothing of B's."""
    two.b.repository("far", location=str(disk / "far"), place="second-site")
    shutil.copytree(two.b.root / "data" / "far", disk / "far")
    run = two.save()
    assert two.copy()[0] == 0
    (disk / "open").mkdir()
    (disk / "open").chmod(0o777)
    assert "done" in struck(disk / "open"), "the attack is one"
    assert struck(disk / "far") == ""
    far = make_restic(make_repository(disk / "far"), two.b.root)
    assert runs_of(far) == {run}
    assert far.check().judged.good


def struck(folder: Path) -> str:
    """Let another user try to remove, empty and rename all below a folder; return what was done."""
    (folder / "mark").touch()
    (folder / "mark").chmod(folder.stat().st_mode & 0o666)
    words = [sys.executable, "-c", _REMOVE, str(folder), str(NOBODY)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_by_sftp_too_nothing_goes_with_what_the_first_site_has(two: Two, tmp_path: Path) -> None:
    """Each site's sshd knows its own key, and the second's is known at the first: it pulls, nobody pushes."""
    for name in ("near-server", "far-server"):
        (tmp_path / name).mkdir()
    with sftp_server(tmp_path / "near-server") as at_a, sftp_server(tmp_path / "far-server") as at_b:
        served_near, served_far = at_a.repository("near"), at_b.repository("far")
        assert make_restic(served_near, tmp_path).init().judged.good
        assert make_restic(served_far, tmp_path).init(chunker_of=served_near).judged.good
        let_in(tmp_path / "near-server", tmp_path / "far-server")
        for site, server in ((two.a, at_a), (two.b, at_b)):
            keys = site.root / "secrets"
            keys.mkdir(exist_ok=True)
            shutil.copy(server.identity_file, keys / "key")
            known = keys / "known_hosts"
            known.write_text(at_a.known_hosts.read_text() + at_b.known_hosts.read_text())
            opened = {"identity_file": str(keys / "key"), "known_hosts": str(known)}
            site.repository("near", location=served_near.location.text, **opened)  # type: ignore[arg-type]
            far = {"location": served_far.location.text, "place": "second-site", **opened}
            site.repository("far", **far)  # type: ignore[arg-type]
        run = two.run()
        code, copied = two.copy()
        assert code == 0, copied

        before = make_restic(served_far, tmp_path).snapshots().snapshots
        ids = [each.id for each in before]
        secrets = [each for each in (two.a.root / "secrets").iterdir() if each.name != "known_hosts"]
        assert {each.name for each in secrets} == {"key", "word"}
        thief = make_restic(replace(served_far, identity_file=two.a.root / "secrets" / "key"), tmp_path / "thief")
        for attempt in (
            thief.snapshots,
            lambda: thief.forget(ForgetRequest(snapshots=ids)),
            thief.prune,
            thief.unlock,
        ):
            assert refused(attempt())
        login = [
            "sftp",
            "-q",
            "-b",
            "-",
            "-oBatchMode=yes",
            f"-P{at_b.port}",
            f"-oIdentityFile={secrets[0].parent / 'key'}",
        ]
        asked = [*login, "-oIdentitiesOnly=yes", f"-oUserKnownHostsFile={at_b.known_hosts}", "root@127.0.0.1"]
        removing = f"rm {at_b.folder}/far/snapshots/*\n".encode()
        assert subprocess.run(asked, input=removing, capture_output=True, check=False).returncode != 0
        code, text = two.a.shown("backup", "forget", "--repository", "near")
        assert code in (0, 5), text
        assert make_restic(served_far, tmp_path).snapshots().snapshots == before
        assert run in runs_of(make_restic(served_far, tmp_path))


def let_in(server: Path, other: Path) -> None:
    """Let the key of another server's folder sign in to a server."""
    with (server / "authorized_keys").open("a") as keys:
        keys.write((other / "user.pub").read_text())


@pytest.mark.heavy
def test_with_all_of_the_first_sites_secrets_nothing_goes_from_the_second(two: Two, tmp_path: Path) -> None:
    """Both sites serve append-only, over IPv6; the second forgets by its own disk, where nobody else is."""
    near, far = tmp_path / "near-server", tmp_path / "far-server"
    near.mkdir()
    far.mkdir()
    ours = {"RESTIC_REST_USERNAME": {"file": "secrets/user"}, "RESTIC_REST_PASSWORD": {"file": "secrets/server"}}
    append_only = ("--append-only", "--private-repos")
    with (
        rest_server(near, *append_only, users={"a": "of-a"}, host="::1") as at_a,
        rest_server(far, *append_only, users={"b": "of-b"}, host="::1") as at_b,
    ):
        served_near = make_repository(at_a.location("a/near"), credentials=at_a.credentials)
        assert make_restic(served_near, tmp_path).init().judged.good
        disk = far_folder(at_b.folder)
        assert make_restic(make_repository(disk), tmp_path).init(chunker_of=served_near).judged.good
        for site in (two.a, two.b):
            site.repository("near", location=at_a.location("a/near"), credentials=ours, append_only=True)
            site.repository("far", location=str(disk), place="second-site")
            for name, text in (("user", "a"), ("server", "of-a")):
                (site.root / "secrets" / name).write_text(f"{text}\n")
                (site.root / "secrets" / name).chmod(0o600)
        run = two.run()
        code, copied = two.copy()
        assert code == 0, copied

        stolen = [path.read_text().strip() for path in (two.a.root / "secrets").iterdir()]
        assert {"a", "of-a", "correct horse"} == set(stolen)
        with_stolen = make_repository(at_b.location("b/far"), credentials=at_a.credentials)
        thief = make_restic(with_stolen, tmp_path / "thief")
        assert not thief.snapshots().judged.good
        ids = [each.id for each in make_restic(make_repository(disk), tmp_path).snapshots().snapshots]
        assert refused(thief.forget(ForgetRequest(snapshots=ids)))
        raw = raw_door(with_stolen, lambda: datetime.now(UTC))
        assert raw is not None
        assert all(raw.delete("snapshots", each).refused for each in ids)

        insider = make_restic(make_repository(at_b.location("b/far"), credentials=at_b.credentials), tmp_path)
        found = probe(insider, raw_door(insider.repository, lambda: datetime.now(UTC)), now=datetime.now(UTC))
        assert {each.outcome for each in found.attacks if each.attack is not Attack.BACK_DATE} == {Outcome.REFUSED}
        assert refused(insider.forget(ForgetRequest(snapshots=ids)))

        code, text = two.a.shown("backup", "forget", "--repository", "near")
        assert code in (0, 5), text
        assert run in runs_of(make_restic(make_repository(disk), tmp_path))
        assert two.b.call("backup", "forget", "student-records", "--repository", "far")[0] == 0


def far_folder(folder: Path) -> Path:
    """Return where the second server keeps its user's repository."""
    (folder / "b").mkdir(exist_ok=True)
    return folder / "b" / "far"


def refused(result: Result) -> bool:
    """Return whether it came to nothing good."""
    return not result.judged.good
