"""The contract of sources, on real servers, through real restic: what is told of a backup holds when it comes back."""

import hashlib
import itertools
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, RestoreRequest, Stream
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.source import Beating, Facts, Order, Part
from sec_ops.backup.sources import source_of
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import ContentInvalid, EngineError, ProgramFailed
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.streaming import Handed
from tests.contract.backup_sources import CASES, Case, Servers
from tests.servers.restic import make_repository, make_restic

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def restic(tmp_path_factory: pytest.TempPathFactory) -> Restic:
    folder = tmp_path_factory.mktemp("restic")
    made = make_restic(make_repository(folder / "repository"), folder)
    assert made.init().judged.good
    return made


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Case]:
    with CASES[request.param](servers) as found:
        found.write(0)
        yield found


def test_what_was_told_comes_back_though_it_was_written_to(case: Case, restic: Restic) -> None:
    source = source_of(case.kind)
    if isinstance(source, Beating):
        with source.beating(case.order()) as beat:
            beat()
            beat()
    before = SystemClock().now()
    with _written_to(case):
        result, facts = _saved(case.order(), restic)
    assert result.judged.good, result.judged
    assert facts.taken_at is not None
    assert abs(facts.taken_at - before) < timedelta(minutes=1)
    assert (facts.heartbeat is not None) == isinstance(source, Beating)
    (dumped,) = facts.dumped
    data = _fetched(result, dumped.filename, restic)
    assert (dumped.bytes, dumped.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    into = case.target()
    for loading in source.loading(case.order(), into):
        done = case.order().doors.run(loading.arguments, stdin=data if loading.reads else b"", deadline_seconds=120)
        assert done.exit_code == 0, done.stderr
    back = source.recount(case.order(), into)
    known = {table.name: table for table in facts.tables}
    assert {table.name: table.rows for table in back.tables} == {name: table.rows for name, table in known.items()}
    assert bool(known) is case.counted
    assert all(table.checksum == known[table.name].checksum for table in back.tables if known[table.name].checksum)


def test_heartbeats_are_in_the_backup(case: Case, restic: Restic) -> None:
    source = source_of(case.kind)
    if not isinstance(source, Beating):
        return
    before = SystemClock().now()
    with source.beating(case.order()) as beat:
        beat()
    _result, facts = _saved(case.order(), restic)
    assert facts.heartbeat is not None
    assert facts.taken_at is not None
    assert before - timedelta(milliseconds=10) <= facts.heartbeat <= SystemClock().now()


def test_a_refused_sign_in_is_no_backup(case: Case, restic: Restic) -> None:
    if not case.secret:
        return
    with pytest.raises((EngineError, ContentInvalid)) as caught:
        _saved(case.order(secret="a-wrong-one"), restic)
    assert "a-wrong-one" not in f"{caught.value} {caught.value.why} {caught.value.where}"


def test_what_is_not_there_is_no_backup(case: Case, restic: Restic) -> None:
    changes = {"postgresql": "database", "mariadb": "database", "openldap": "suffix", "sqlite": "path"}
    if case.kind in changes:
        with pytest.raises(EngineError):
            _saved(case.order(**{changes[case.kind]: "dc=nothing"}), restic)


def test_no_secret_stands_in_an_argument(case: Case) -> None:
    if not case.secret:
        return
    with source_of(case.kind).open(case.order()) as capture:
        words = [word for part in capture.parts for word in part.command]
    assert not [word for word in words if isinstance(word, str) and word == case.secret]
    assert [word for word in words if isinstance(word, Handed)]


def _saved(order: Order, restic: Restic) -> tuple[BackupResult, Facts]:
    with source_of(order.source.kind).open(order) as capture:
        (part,) = capture.parts
        return _saved_part(part, order, restic), capture.facts()


def _saved_part(part: Part, order: Order, restic: Restic) -> BackupResult:
    stream = Stream(command=part.command, filename=part.filename) if part.command else None
    request = BackupRequest(
        host="test",
        tags=[order.source.id],
        paths=part.paths,
        stream=stream,
        excludes=part.excludes,
        options=part.options,
    )
    return restic.backup(request)


def _fetched(result: BackupResult, filename: str, restic: Restic) -> bytes:
    data = bytearray()
    assert result.summary is not None
    assert restic.dump(result.summary.snapshot_id, f"/{filename}", on_bytes=data.extend).judged.good
    return bytes(data)


@contextmanager
def _written_to(case: Case) -> Iterator[None]:
    """Write to the case all the while."""
    enough = threading.Event()

    def write() -> None:
        for number in itertools.count(1):
            if enough.is_set():
                break
            case.write(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()


@pytest.mark.parametrize(
    "program",
    [
        "print('x' * 5_000_000); raise SystemExit(3)",
        "pass",
        "print('x' * 5_000_000)",
        "import os; print('x' * 5_000_000, flush=True); os.kill(os.getpid(), 9)",
        "import os; print('x' * 5_000_000, flush=True); os.kill(os.getppid(), 9)",
    ],
    ids=["fails", "empty", "cut short", "killed", "tap killed"],
)
def test_a_dump_that_is_not_whole_leaves_no_snapshot(program: str, restic: Restic) -> None:
    settings = {"command": ["python3", "-c", program], "filename": "broken", "ends": "whole"}
    source = SourceSettings(id="broken", kind="command", settings=settings)
    order = Order(source=source, doors=LocalDoors(clock=SystemClock()), last_good=lambda _part: None)
    with source_of("command").open(order) as capture:
        (part,) = capture.parts
        stream = Stream(command=part.command, filename=part.filename)
        result = restic.backup(BackupRequest(host="test", tags=["broken"], stream=stream))
        assert not result.judged.good
        with pytest.raises(ProgramFailed, match="does not count"):
            capture.facts()
    assert [each for each in restic.snapshots().snapshots if "broken" in each.tags] == []


def test_files_come_back_as_they_lay(tmp_path: Path, restic: Restic) -> None:
    folder = _folder(tmp_path / "records")
    with _mounted(folder / "mounted"):
        (folder / "mounted/far").write_bytes(b"far")
        for other, names in ((True, {"mounted/far"}), (False, set[str]())):
            settings = {"paths": [str(folder)], "exclude": ["*.tmp"], "other_file_systems": other}
            result, facts = _saved(_order_of("files", settings), restic)
            assert facts.taken_at is not None
            back = _restored(result, folder, tmp_path / f"back {other}", restic)
            assert set(back) == {"page", "sub/photo"} | names
            assert back["sub/photo"] == b"\x00\xff\n" * 1000


def test_files_that_are_not_there_are_no_backup(tmp_path: Path, restic: Restic) -> None:
    result, _facts = _saved(_order_of("files", {"paths": [str(tmp_path / "nothing")]}), restic)
    assert not result.judged.good


def test_a_content_system_comes_back_as_one_set(tmp_path: Path, restic: Restic) -> None:
    folder = _folder(tmp_path / "portal")
    with sqlite3.connect(tmp_path / "portal.db") as database:
        database.execute("CREATE TABLE pages (a)")
        database.executemany("INSERT INTO pages VALUES (?)", [(number,) for number in range(100)])
    database.close()
    inner = {"kind": "sqlite", "settings": {"path": str(tmp_path / "portal.db")}}
    order = _order_of("cms", {"paths": [str(folder)], "exclude": ["*.tmp"], "database": inner})
    with source_of("cms").open(order) as capture:
        dump, files = capture.parts
        saved = [_saved_part(part, order, restic) for part in (dump, files)]
        facts = capture.facts()
        (folder / "page").write_text("changed")
        assert capture.facts().disturbed == (str(folder / "page"),)
    assert [result.judged.good for result in saved] == [True, True]
    assert facts.disturbed == ()
    back = str(tmp_path / "back.db")
    data = _fetched(saved[0], dump.filename, restic)
    for loading in source_of("cms").loading(order, back):
        assert order.doors.run(loading.arguments, stdin=data, deadline_seconds=60).exit_code == 0
    assert source_of("cms").recount(order, back).tables == facts.tables
    assert [table.rows for table in facts.tables] == [100]
    assert _restored(saved[1], folder, tmp_path / "back", restic) == {
        "page": b"old",
        "sub/photo": b"\x00\xff\n" * 1000,
    }


def _folder(folder: Path) -> Path:
    (folder / "sub").mkdir(parents=True)
    (folder / "page").write_text("old")
    (folder / "left.tmp").write_text("left out")
    (folder / "sub/photo").write_bytes(b"\x00\xff\n" * 1000)
    return folder


@contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    """Mount a file system in memory there."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _order_of(kind: str, settings: dict[str, object]) -> Order:
    source = SourceSettings(id=kind, kind=kind, settings=settings)
    return Order(
        source=source, doors=LocalDoors(clock=SystemClock()), last_good=lambda _part: None, deadline_seconds=120
    )


def _restored(result: BackupResult, folder: Path, target: Path, restic: Restic) -> dict[str, bytes]:
    """Return the files that come back of a folder, by their paths within it."""
    assert result.judged.good, result.judged
    assert result.summary is not None
    request = RestoreRequest(snapshot=result.summary.snapshot_id, target=target, folder=str(folder))
    assert restic.restore(request).judged.good
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
