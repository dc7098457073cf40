"""Faults of rehearsals with real restic and real servers: they strike, they are told, and the originals stay whole."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, RestoreRequest
from sec_ops.backup.verdict import Verdict
from sec_ops.drill.sandbox.opening import remove_leftovers
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_scenario import Fault
from sec_ops.workflows.drills.injecting import cannot_inject, injecting
from tests.servers.certificates import Authority
from tests.servers.repository_servers import rest_server
from tests.servers.restic import make_repository, make_restic, sftp_server

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() + str(path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "here" / "deep" / "er"
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.bin").write_bytes(os.urandom(900_000 if number == 3 else 300_000))
    return tmp_path / "here"


def saved(restic: Restic, data: Path) -> str:
    assert restic.init().judged.good
    done = restic.backup(BackupRequest(host="h", tags=("t",), paths=[data]))
    assert done.summary is not None
    return done.summary.snapshot_id


def reading(restic: Restic) -> Restic:
    return Restic(repository=restic.repository, doors=restic.doors, take_locks=False)


def test_a_damaged_pack_is_noticed_and_the_original_is_untouched(tmp_path: Path, data: Path) -> None:
    restic = make_restic(make_repository(tmp_path / "repository", name="first"), tmp_path)
    snapshot = saved(restic, data)
    before = digests(tmp_path / "repository")
    with injecting({Fault.DAMAGED_PACK}, tmp_path / "drill") as inject:
        assert inject.order(["first", "second"]) == ("first", "second")
        damaged = inject.fetched(inject.opened(reading(restic)), [snapshot])
        restored = damaged.restore(RestoreRequest(snapshot=snapshot, target=tmp_path / "out"))
        assert restored.judged.verdict is Verdict.DAMAGED, restored
        assert "3.bin" in str(inject.struck()[0])
        back = tmp_path / "out" / str(data).lstrip("/") / "deep" / "er"
        assert (back / "1.bin").read_bytes() == (data / "deep" / "er" / "1.bin").read_bytes()
        hurt = back / "3.bin"  # restic leaves it out, or leaves a hole in it
        assert not hurt.exists() or hurt.read_bytes() != (data / "deep" / "er" / "3.bin").read_bytes()
        other = make_restic(make_repository(tmp_path / "repository", name="second"), tmp_path)
        assert inject.fetched(other, [snapshot]) is other
    assert digests(tmp_path / "repository") == before
    whole = reading(restic).restore(RestoreRequest(snapshot=snapshot, target=tmp_path / "whole"))
    assert whole.judged.verdict is Verdict.OK


def test_the_key_is_wrong_once_for_the_first_repository_only(tmp_path: Path, data: Path) -> None:
    restic = make_restic(make_repository(tmp_path / "repository", name="first"), tmp_path)
    saved(restic, data)
    with injecting({Fault.WRONG_KEY_FIRST}, tmp_path / "drill") as inject:
        order = inject.order(["first", "second"])
        assert order == ("first", "first", "second")
        verdicts = [inject.opened(reading(restic)).snapshots().judged.verdict for _name in order]
    assert verdicts == [Verdict.WRONG_KEY, Verdict.OK, Verdict.OK]


@pytest.mark.parametrize("fault", [Fault.SLOW_LINK, Fault.LINK_CUT])
def test_a_bad_link_by_ssh_verifies_the_servers_own_key(fault: Fault, tmp_path: Path, data: Path) -> None:
    with sftp_server(tmp_path) as server:
        restic = make_restic(server.repository("repository"), tmp_path)
        snapshot = saved(restic, data)
        with injecting({fault}, tmp_path / "drill") as inject:
            asked = inject.opened(reading(restic))
            restored = asked.restore(RestoreRequest(snapshot=snapshot, target=tmp_path / "out"))
            told = str(inject.struck()[0])
        (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} ssh-ed25519 AAAA\n")
        with injecting({Fault.SLOW_LINK}, tmp_path / "drill") as inject:
            assert not inject.opened(reading(restic)).cat_config().judged.good, "another key was believed"
    if fault is Fault.SLOW_LINK:
        assert restored.judged.verdict is Verdict.OK
        assert "slow and carried 2" in told
    else:
        assert not restored.judged.good, "ssh has no second try: the next repository's turn"
        assert "was cut" in told


def test_a_disk_that_is_nearly_full_is_gone_with_the_drill_killed_or_not(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounts need root")
    with injecting({Fault.DISK_NEARLY_FULL}, tmp_path / "drill") as inject, inject.room(tmp_path / "fetched"):
        with pytest.raises(OSError, match="No space"):
            (tmp_path / "fetched" / "large").write_bytes(b"x" * 1_000_000)
        assert inject.struck()
    assert not os.path.ismount(tmp_path / "fetched")
    words = "import sys, time; from pathlib import Path; from sec_ops.drill.injecting.small_disk import small_disk\n"
    words += "with small_disk(Path(sys.argv[1]), size_bytes=65536):\n    print('stands', flush=True); time.sleep(600)"
    place = tmp_path / "scratch" / "run-1" / "fetched"
    child = subprocess.Popen([sys.executable, "-c", words, str(place)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    assert os.path.ismount(place)
    assert remove_leftovers(tmp_path / "scratch") == ["run-1"]
    assert not place.parent.exists()


def test_what_can_not_be_rehearsed_is_said_before(tmp_path: Path) -> None:
    def repository(location: str) -> Repository:
        return Repository(id="first", place="b", location=location, password={"env": "X"})

    here, there = repository("/srv/backup"), repository("rest:https://backup.example/x")
    assert len(cannot_inject({Fault.SLOW_LINK, Fault.LINK_CUT}, here)) == 1
    assert len(cannot_inject({Fault.DAMAGED_PACK}, there)) == 1
    every = set(Fault)
    assert not cannot_inject(every - {Fault.DAMAGED_PACK}, there)
    assert not cannot_inject(every - {Fault.SLOW_LINK, Fault.LINK_CUT}, here)


def address_of_this_machine() -> str:
    """Return an address of this machine that is no loopback: what is sent there stays in the kernel."""
    words = ["ip", "-json", "-4", "address", "show", "scope", "global"]
    told = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    found = [each["local"] for link in told for each in link.get("addr_info", ())]
    if not found:
        pytest.skip("this machine has loopback only")
    return str(found[0])


@pytest.mark.heavy
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_link_that_is_cut_comes_back_and_restic_goes_on(scheme: str, tmp_path: Path, data: Path) -> None:
    host = address_of_this_machine() if scheme == "https" else "127.0.0.1"
    authority = Authority(tmp_path) if scheme == "https" else None
    pair = authority.issue("backup.example", host) if authority else None
    with rest_server(tmp_path, host=host, pair=pair) as server:
        repository = make_repository(
            server.location("x"), name="first", certificate=authority.ca if authority else None
        )
        restic = make_restic(repository, tmp_path)
        snapshot = saved(restic, data)
        with injecting({Fault.LINK_CUT}, tmp_path / "drill") as inject:
            asked = inject.opened(reading(restic))
            restored = asked.restore(RestoreRequest(snapshot=snapshot, target=tmp_path / "out"))
            assert restored.judged.verdict is Verdict.OK, restored
            assert "was cut for 8 s" in str(inject.struck()[0])
        assert restored.elapsed_ms > 7000
