"""The site folder itself, through real restic: written to while it is saved, it comes back whole and proves it."""

import io
import itertools
import json
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, RestoreRequest, Stream
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.source import Order, Part
from sec_ops.backup.sources import source_of
from sec_ops.cli.main import run
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.site import Site
from tests.servers.restic import make_repository, make_restic

pytestmark = pytest.mark.integration
_SOURCE = source_of("site")
_LINES = "\n".join(
    f"Nov 2{number % 6} 03:{number % 60:02d}:00 web-1 sshd[{number}]: Failed password for root from 192.0.2.9 port 22"
    for number in range(200)
)


@pytest.fixture
def restic(tmp_path: Path) -> Restic:
    made = make_restic(make_repository(tmp_path / "repository"), tmp_path)
    assert made.init().judged.good
    return made


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with logs, alerts and evidence, in a folder whose name restic would take for a pattern."""
    root = tmp_path / "a [site] *"
    assert run(["init", str(root)]) == 0
    (root / "secrets").mkdir(mode=0o700)
    (root / "secrets/repository").write_text("not for everybody")
    _import(root, tmp_path, "auth.log")
    (root / "var/state/cache").mkdir(parents=True)
    (root / "var/state/cache/lost").write_text("made again")
    with evidence_of(Site(root)) as log:
        log.append("backup.lock/1", {"repository": "r", "locks": []}, blob=b"a blob")
    return Site(root)


def _import(root: Path, folder: Path, name: str) -> None:
    (folder / name).write_text(_LINES + f"\nNov 26 04:00:00 web-1 sshd[1]: {name}\n")
    assert run(["--site", str(root), "logs", "import", str(folder / name), "--zone", "Asia/Shanghai"]) in (0, 1, 3)


def _order(site: Site, **more: str) -> Order:
    source = SourceSettings(id="site", kind="site", settings={"folder": str(site.root)}, **more)
    return Order(
        source=source, doors=LocalDoors(clock=SystemClock()), last_good=lambda _part: None, deadline_seconds=120
    )


def test_it_comes_back_sound_though_it_is_written_to(
    site: Site, restic: Restic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _SOURCE.open(_order(site)) as capture:
        live, files = capture.parts
        with _written_to(site):
            saved = _saved(live, restic)
        facts = capture.facts()
        # What comes between the parts must not make the second say more than the first can prove.
        _import(site.root, tmp_path, "between.log")
        assert run(["--site", str(site.root), "evidence", "checkpoint"]) == 0
        kept = _saved(files, restic)
    back = _restored(saved, kept, site, restic, tmp_path / "back")
    assert set(_SOURCE.recount(_order(site), str(back)).tables) == set(facts.tables)
    counted = {table.name: table.rows for table in facts.tables}
    assert counted["var/logs/state.db: positions"] == 1
    assert counted["var/evidence/log"] >= 3
    proved = json.loads(_said(capsys, back, "evidence", "verify", "--json"))
    assert (proved["ok"], proved["faults"]) == (True, [])
    assert (
        json.loads(_said(capsys, back, "logs", "search", "*", "--since", "3650d", "--count", "--json"))["count"] > 150
    )
    assert run(["--site", str(back), "logs", "status", "--verify"]) == 0
    _import(back, tmp_path, "after.log")
    assert json.loads(_said(capsys, back, "evidence", "verify", "--json"))["ok"]


def test_what_can_be_lost_is_left_out_and_what_cannot_is_in(site: Site, restic: Restic, tmp_path: Path) -> None:
    with _SOURCE.open(_order(site)) as capture:
        saved, kept = (_saved(part, restic) for part in capture.parts)
    plain = _files_of(kept, site, restic, tmp_path / "plain")
    assert not [name for name in plain if name.startswith(("var/state", "var/logs/locks"))]
    assert not [name for name in plain if name.endswith((".db", "-wal", "-shm"))]
    assert not [name for name in plain if name.startswith("var/evidence/") and "blob" not in name]
    assert {"sec-ops.yml", "secrets/repository"} <= plain.keys()
    assert [name for name in plain if name.startswith("var/evidence/blob_keys/")]
    assert [name for name in plain if name.startswith("var/logs/raw/")]
    live = _fetched(saved, restic)
    assert {"var/logs/state.db", "var/logs/store.db", "var/evidence/anchor.txt"} <= live.keys()
    assert [name for name in live if name.startswith("var/evidence/keys/") and name.endswith(".pem")]
    assert {member.mode for name, member in live.items() if name.startswith("var/evidence/keys")} == {0o600, 0o700}
    everything = {*plain, *live, *_lost(site)}
    assert {str(path.relative_to(site.root)) for path in site.root.rglob("*") if path.is_file()} <= everything


def test_event_files_stay_until_both_parts_are_saved(site: Site, tmp_path: Path) -> None:
    with _SOURCE.open(_order(site)):
        before = set(site.logs.glob("events/*/*/*.parquet"))
        _import(site.root, tmp_path, "more.log")
        _import(site.root, tmp_path, "and-more.log")
        assert run(["--site", str(site.root), "logs", "retain"]) == 0
        with closing(sqlite3.connect(site.logs / "store.db")) as store:
            ((replaced,),) = store.execute("SELECT count(*) FROM removed")
        assert replaced
        assert before <= set(site.logs.glob("events/*/*/*.parquet"))
    assert run(["--site", str(site.root), "logs", "retain"]) == 0
    assert before - set(site.logs.glob("events/*/*/*.parquet"))
    assert list(site.event_readers.iterdir()) == []


def test_a_database_that_is_broken_is_no_backup(site: Site, restic: Restic) -> None:
    path = site.logs / "state.db"
    data = bytearray(path.read_bytes())
    data[100:8192] = b"\xff" * 8092
    path.write_bytes(data)
    with _SOURCE.open(_order(site)) as capture:
        assert not _saved(capture.parts[0], restic).judged.good
        with pytest.raises(ProgramFailed, match="does not count"):
            capture.facts()
    assert restic.snapshots().snapshots == ()


def test_neither_a_site_elsewhere_nor_any_folder(site: Site, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="own controller"), _SOURCE.open(_order(site, host="web-1")):
        pass
    with pytest.raises(EngineError, match="no site folder"), _SOURCE.open(_order(Site(tmp_path / "nothing"))):
        pass


def _saved(part: Part, restic: Restic) -> BackupResult:
    stream = Stream(command=part.command, filename=part.filename) if part.command else None
    request = BackupRequest(
        host="test", tags=[part.name], paths=part.paths, stream=stream, excludes=part.excludes, options=part.options
    )
    return restic.backup(request)


def _restored(saved: BackupResult, kept: BackupResult, site: Site, restic: Restic, target: Path) -> Path:
    """Bring both parts back as the source says; return the folder of the site."""
    _files_of(kept, site, restic, target)
    data = bytearray()
    assert saved.summary is not None
    assert restic.dump(saved.summary.snapshot_id, "/live.tar", on_bytes=data.extend).judged.good
    for loading in _SOURCE.loading(_order(site), str(target)):
        given = bytes(data) if loading.reads else b""
        done = LocalDoors(clock=SystemClock()).run(loading.arguments, stdin=given, deadline_seconds=60)
        assert done.exit_code == 0, done.stderr
    return target


def _files_of(kept: BackupResult, site: Site, restic: Restic, target: Path) -> dict[str, Path]:
    assert kept.judged.good, kept.judged
    assert kept.summary is not None
    request = RestoreRequest(snapshot=kept.summary.snapshot_id, target=target, folder=str(site.root))
    assert restic.restore(request).judged.good
    return {str(path.relative_to(target)): path for path in target.rglob("*") if path.is_file()}


def _fetched(saved: BackupResult, restic: Restic) -> dict[str, tarfile.TarInfo]:
    data = bytearray()
    assert saved.summary is not None
    assert restic.dump(saved.summary.snapshot_id, "/live.tar", on_bytes=data.extend).judged.good
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as archive:
        return {member.name: member for member in archive.getmembers()}


def _lost(site: Site) -> set[str]:
    lost = [*site.state.rglob("*"), *(site.logs / "locks").rglob("*"), site.evidence / "lock"]
    beside = [path for end in ("wal", "shm") for path in site.var.rglob(f"*.db-{end}")]
    return {str(path.relative_to(site.root)) for path in (*lost, *beside)}


def _said(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> str:
    capsys.readouterr()
    assert run(["--site", str(root), *words]) in (0, 1, 3)
    return capsys.readouterr().out


@contextmanager
def _written_to(site: Site) -> Iterator[None]:
    """Append to the evidence all the while, blobs and checkpoints too."""
    enough = threading.Event()

    def write() -> None:
        with evidence_of(site) as log:
            for number in itertools.count():
                if enough.is_set():
                    return
                log.append("backup.lock/1", {"repository": str(number), "locks": []}, blob=b"%d" % number)
                if number % 5 == 0:
                    log.checkpoint()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()
