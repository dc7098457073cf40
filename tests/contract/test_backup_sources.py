"""The contract of sources, on real servers, through real restic: what is told of a backup holds when it comes back."""

import hashlib
import itertools
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, Stream
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.source import Beating, Facts, Order
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
        stream = Stream(command=part.command, filename=part.filename)
        result = restic.backup(BackupRequest(host="test", tags=[order.source.id], stream=stream))
        return result, capture.facts()


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
