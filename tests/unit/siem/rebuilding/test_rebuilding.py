"""Damaged, lost and cut short: the events are made again from the raw records, once, and what can't be is counted."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sec_ops.model.errors import SecOpsError, StorageError, UsageError
from sec_ops.model.evidence import LogsDeleted
from sec_ops.model.evidence_rebuilt import LogsRebuilt
from sec_ops.model.log_hold import Hold
from sec_ops.model.log_settings import LogSettings
from sec_ops.runtime.locks import Lock
from sec_ops.siem.embedded.mending import SET_ASIDE, give_up
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import RECORD, Row
from sec_ops.siem.index.stream import IndexLimits, StreamIndex, index_lock_path
from sec_ops.siem.raw.batches import encode
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.raw.removal import removable, remove
from sec_ops.siem.raw.salvage import LossKind
from sec_ops.siem.raw.segments import SegmentReader, SegmentWriter
from sec_ops.siem.rebuilding.keeping import Place
from sec_ops.siem.records import Origin, RawBatch, Transport
from sec_ops.siem.retaining.holds import Holds
from sec_ops.siem.retaining.letting_go import let_go, rule_of
from sec_ops.siem.storing import Commit, Request
from tests.unit.siem.rebuilding.support import Logs, shipped, taken_in, twice


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    return taken_in(tmp_path_factory.mktemp("made"))


@pytest.fixture
def logs(made: Logs, tmp_path: Path) -> Logs:
    shutil.copytree(made.folder, tmp_path / "logs")
    shutil.copytree(made.evidence, tmp_path / "evidence")
    clock = type(made.clock)()
    clock.moment = made.clock.moment
    return Logs(tmp_path / "logs", tmp_path / "evidence", clock)


def flip(path: Path, share: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int((len(data) - 1) * share)] ^= 0x10
    path.write_bytes(data)


def cut(path: Path, share: float = 0.5) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def each_file(act: Callable[[Path], object]) -> Callable[[Logs], None]:
    def damage(logs: Logs) -> None:
        for path in logs.files()[::2]:
            act(path)

    return damage


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def swap(logs: Logs) -> None:
    first, second, *_ = logs.files()
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)


def no_manifest(logs: Logs) -> None:
    for path in logs.folder.glob("store.db*"):
        path.unlink()


def no_events(logs: Logs) -> None:
    shutil.rmtree(logs.folder / "events")


def nothing_left(logs: Logs) -> None:
    for path in logs.folder.iterdir():
        if path.name not in ("raw", "state.db"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def torn_manifest(logs: Logs) -> None:
    with closing(sqlite3.connect(logs.folder / "store.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cut(logs.folder / "store.db", 0.4)


def noise(logs: Logs) -> None:
    (logs.folder / "store.db").write_bytes(b"noise" * 900)


def no_store(logs: Logs) -> None:
    no_manifest(logs)
    no_events(logs)


DAMAGE: dict[str, tuple[Callable[[Logs], None], bool]] = {
    "cut off": (each_file(cut), False),
    "emptied": (each_file(partial(cut, share=0)), False),
    "longer": (each_file(lambda path: path.write_bytes(path.read_bytes() + b"\0")), False),
    "first byte": (each_file(partial(flip, share=0)), False),
    "a bit in the data": (each_file(partial(flip, share=0.2)), False),
    "a bit in the middle": (each_file(flip), False),
    "last byte": (each_file(partial(flip, share=1)), False),
    "removed": (each_file(Path.unlink), False),
    "a folder where a file was": (each_file(to_folder), False),
    "swapped": (swap, False),
    "all events": (no_events, False),
    "manifest": (no_manifest, True),
    "manifest torn": (torn_manifest, True),
    "manifest of noise": (noise, True),
    "manifest and events": (no_store, True),
    "all but the raw records": (nothing_left, True),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_the_rebuilt_store_holds_what_the_old_one_held(logs: Logs, name: str) -> None:
    damage, manifest_lost = DAMAGE[name]
    before = logs.events()
    with logs.store() as store:
        commits = store.committed()
    damage(logs)
    looked = logs.rebuilder().look()
    rebuilt = logs.rebuild()
    assert (looked.manifest_lost, rebuilt.manifest_lost) == (manifest_lost, manifest_lost)
    assert looked.files == rebuilt.files
    assert (rebuilt.lacking, rebuilt.losses) == (0, ())
    assert rebuilt.remade == (len(before) if manifest_lost else rebuilt.lost) > 0
    after = logs.events()
    assert twice(after) == []
    assert after == before
    with logs.store() as store:
        assert store.committed() == commits
        assert not store.faults()
        assert store.mending().damaged() == []
        store.maintain()
    assert not logs.rebuild().found, "a second time there is nothing to do"


def test_sound_logs_are_left_alone(logs: Logs) -> None:
    before = {path: path.read_bytes() for path in logs.files()}
    rebuilt = logs.rebuild()
    assert not rebuilt.found
    assert {path: path.read_bytes() for path in logs.files()} == before
    with logs.log() as log:
        assert LogsRebuilt.kind not in {entry.kind for entry in log.entries()}, "nothing happened, nothing is sealed"


@pytest.mark.parametrize("act", [cut, Path.unlink, partial(flip, share=1)], ids=["cut", "removed", "last byte"])
def test_a_search_names_the_file_and_the_command(logs: Logs, act: Callable[[Path], None]) -> None:
    path = logs.files()[0]
    act(path)
    with logs.store() as store, pytest.raises(StorageError) as caught:
        list(store.search(Request(limit=None)))
    assert caught.value.where == str(path)
    assert "sec-ops logs rebuild" in str(caught.value.advice)


def test_merging_leaves_a_flipped_file_as_it_is(logs: Logs) -> None:
    """A bit that flipped in a value can be read: merged, it would get a digest of its own and be believed."""
    for path in logs.files():
        flip(path, 0.2)
    logs.clock.moment += timedelta(days=9)
    with logs.store() as store:
        broken = {each.file.path for each in store.mending().damaged()}
        with pytest.raises(StorageError) as caught:
            store.maintain()
        assert "sec-ops logs rebuild" in str(caught.value.advice)
        assert {each.file.path for each in store.mending().damaged()} == broken


class Killed(Exception):
    """In place of a signal."""


@pytest.mark.parametrize("damage", ["all events", "manifest"])
@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_cut_short_it_goes_on(logs: Logs, monkeypatch: pytest.MonkeyPatch, damage: str, after: int) -> None:
    before = logs.events()
    DAMAGE[damage][0](logs)
    appended = EmbeddedStore.append
    left = after

    def append(self: EmbeddedStore, rows: list[Row], commit: Commit) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        appended(self, rows, commit)

    monkeypatch.setattr(EmbeddedStore, "append", append)
    with pytest.raises(Killed):
        logs.rebuild(rows=12)
    monkeypatch.undo()
    if damage == "all events":
        with logs.store() as store:
            there = store.count(Request())
            assert store.faults().lacking == len(before) - there, "what is lacking is known meanwhile"
    rebuilt = logs.rebuild()
    assert rebuilt.remade == len(before)
    assert logs.events() == before


def test_cut_short_before_it_is_sealed_it_is_sealed_the_next_time(logs: Logs) -> None:
    before = logs.events()
    no_events(logs)

    def refuse(_rebuilt: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        logs.rebuilder().rebuild(refuse)
    rebuilt = logs.rebuild()
    assert (rebuilt.lost, rebuilt.remade) == (len(before), len(before))
    assert logs.events() == before


def test_lines_that_wait_for_more_come_once(logs: Logs) -> None:
    """What a source holds back when files are lost is no lost event: it comes with what follows."""
    origin = Origin(source="host:late", transport=Transport.PULL, host="host", path="/opt/tomcat/logs/catalina.out")
    begun = b"26-Nov-2026 08:00:01.000 SEVERE [exec-1] org.example.Late threw"
    _feed(logs, RawBatch(origin=origin, received_ms=_now_ms(logs), records=(begun,)))
    before = logs.events()
    with logs.store() as store:
        assert any(begun in held for commit in store.committed().values() for held in commit.pending.values())
    no_events(logs)
    logs.rebuild()
    assert logs.events() == before
    _feed(logs, RawBatch(origin=origin, received_ms=_now_ms(logs), records=(b"\tat Late.java", begun)))
    assert twice(logs.events()) == []
    (whole,) = (event for event in logs.events() if "org.example.Late" in str(event.get("message")))
    assert whole["message"] == f"{begun.decode()}\n\tat Late.java"


def _now_ms(logs: Logs) -> int:
    return int(logs.clock.now().timestamp() * 1000)


def _feed(logs: Logs, batch: RawBatch) -> None:
    types, understand = shipped()
    with (
        closing(EmbeddedStore(logs.folder, types=types, clock=logs.clock)) as store,
        RawLog.open(logs.folder, clock=logs.clock) as raw,
    ):
        index = StreamIndex(raw.stream(), store, understand, logs.clock, IndexLimits())
        appended = raw.append(batch)
        assert appended.place
        index.feed(appended.place, appended.batch)
        index.commit()


def segments(logs: Logs) -> list[Path]:
    return sorted((logs.folder / "raw" / "0001").glob("*.zst"))


def test_what_retention_let_go_of_the_raw_log_is_counted(logs: Logs) -> None:
    before = logs.events()
    with logs.log() as log, logs.store() as store:
        committed = {stream: commit.sequence for stream, commit in store.committed().items()}
        old = removable(logs.folder, _now_ms(logs) - 43_200_000, committed, logs.clock)
        gone = remove(logs.folder, old, log)
    assert gone
    no_events(logs)
    rebuilt = logs.rebuild()
    assert [(loss.kind, loss.segment, loss.records) for loss in rebuilt.losses] == [
        (LossKind.EXPIRED, each.segment, each.records) for each in gone
    ]
    assert not rebuilt.broken
    assert rebuilt.lacking == len(before) - len(logs.events()) > 0
    kept = {str(event[RECORD]): event for event in before}
    other = [event for event in logs.events() if kept[str(event[RECORD])] != event]
    assert {event.get("sec_ops.source") for event in other} <= {"host:iis/u_ex261126.log"}, "its heading is gone"
    with logs.store() as store:
        assert not store.faults(), "what can't be had is counted once, not for ever"


@pytest.mark.parametrize(
    ("act", "kind"),
    [(flip, LossKind.DAMAGED), (cut, LossKind.DAMAGED), (Path.unlink, LossKind.GONE)],
    ids=["flipped", "cut off", "removed"],
)
def test_a_raw_segment_that_is_damaged_too_is_told_and_may_be_restored(
    logs: Logs, act: Callable[[Path], None], kind: LossKind
) -> None:
    before = logs.events()
    segment = segments(logs)[1]
    held = segment.read_bytes()
    act(segment)
    no_events(logs)
    rebuilt = logs.rebuild()
    assert [(loss.kind, loss.stream, loss.segment) for loss in rebuilt.losses] == [(kind, "0001", 2)]
    (loss,) = rebuilt.losses
    assert 0 < loss.first <= loss.last
    assert loss.records
    assert rebuilt.broken
    assert rebuilt.lacking > 0
    kept = {str(event[RECORD]): event for event in before}
    assert [str(event[RECORD]) for event in logs.events() if str(event[RECORD]) not in kept] == []
    with logs.store() as store:
        assert store.faults().lacking == rebuilt.lacking, "it stays known"
    segment.write_bytes(held)
    again = logs.rebuild()
    assert again.losses == ()
    _assert_all_but_cut_records(logs.events(), before, again.lacking)


def _assert_all_but_cut_records(after: list[dict[str, Any]], before: list[dict[str, Any]], lacking: int) -> None:
    """Records whose lines lay on both sides of the gap were made as they could be; everything else is as it was."""
    assert twice(after) == []
    places = {str(event[RECORD]) for event in after}
    assert {str(event[RECORD]) for event in before} <= places
    assert lacking == 0
    same = [event for event in after if event in before]
    assert len(before) - len(same) <= 6


def test_a_raw_segment_that_was_rewritten_is_not_believed(logs: Logs) -> None:
    segment = segments(logs)[1]
    reader = SegmentReader(segment)
    header, stored = reader.header, list(reader.batches())
    reader.close()
    segment.unlink()
    writer = SegmentWriter.begin(segment.parent, header)
    previous = bytes.fromhex(header.previous)
    for each in stored:
        forged = RawBatch(origin=each.batch.origin, received_ms=each.batch.received_ms, records=(b"forged",))
        data, previous = encode(forged, sequence=each.sequence, order=each.order, previous=previous)
        writer.append(data)
    writer.finish()
    no_events(logs)
    rebuilt = logs.rebuild()
    assert (LossKind.CHANGED, 2) in {(loss.kind, loss.segment) for loss in rebuilt.losses}
    assert not [event for event in logs.events() if event.get("message") == "forged"]


def test_what_was_let_go_does_not_come_back_and_holds_do(logs: Logs) -> None:
    logs.clock.moment += timedelta(days=200)
    hold = Hold(
        id="hold-1",
        case="c1",
        reason="theft",
        person="chen",
        placed="2026-11-26T08:00:00Z",
        first_day=datetime(2026, 11, 26, tzinfo=UTC).date(),
        last_day=datetime(2026, 11, 26, tzinfo=UTC).date(),
        datasets=("sshd",),
    )
    with logs.store() as store, closing(Holds(logs.folder)) as holds, logs.log() as log:
        holds.put(hold)
        log.append("logs.hold/1", _sealed(hold))
        rule = rule_of(LogSettings(), logs.clock.now())

        def seal(deleted: LogsDeleted) -> None:
            log.append(deleted.kind, deleted.model_dump(mode="json"))

        gone = list(let_go(store, holds, rule, seal))
    assert gone
    before = logs.events()
    with logs.store() as store:
        commits = store.committed().values()
    waiting = {
        f"{stream}/{sequence}/{index}" for each in commits for stream, sequence, index, _part in held(logs, each)
    }
    no_manifest(logs)
    logs.rebuild()
    first = logs.events()
    assert [event for event in before if event not in first] == []
    late = {str(event[RECORD]) for event in first if event not in before}
    assert late <= waiting, "what waited for more is silent by now"
    nothing_left(logs)
    logs.rebuild()
    assert logs.events() == first
    with closing(Holds(logs.folder)) as holds:
        (restored,) = holds.all()
    assert restored.model_copy(update={"placed": hold.placed}) == hold


def held(logs: Logs, commit: Commit) -> Iterator[Place]:
    return logs.rebuilder()._held_back(commit)


def _sealed(hold: Hold) -> dict[str, object]:
    days = {"first_day": str(hold.first_day), "last_day": str(hold.last_day)}
    named = {"hold": hold.id, "case": hold.case, "reason": hold.reason, "person": hold.person}
    return {**named, **days, "change": "placed", "datasets": list(hold.datasets), "sources": []}


def test_two_at_once_are_refused(logs: Logs) -> None:
    lock = Lock.take(logs.folder / "locks" / "rebuild.lock")
    assert lock
    with pytest.raises(UsageError):
        logs.rebuild()
    lock.release()


def test_a_lost_manifest_waits_until_nobody_writes_to_the_old_one(logs: Logs) -> None:
    no_manifest(logs)
    lock = Lock.take(index_lock_path(logs.folder, "0001"))
    assert lock
    with pytest.raises(UsageError):
        logs.rebuild()
    assert logs.files(), "nothing was moved"
    lock.release()
    assert logs.rebuild().manifest_lost


def test_what_was_set_aside_goes_with_its_age(logs: Logs) -> None:
    before = logs.events()
    no_manifest(logs)
    name = logs.rebuild().aside
    assert list((logs.folder / SET_ASIDE / name).rglob("*.parquet"))
    give_up(logs.folder, logs.clock.now() - timedelta(days=1))
    assert (logs.folder / SET_ASIDE / name).is_dir()
    give_up(logs.folder, logs.clock.now() + timedelta(days=1))
    assert not (logs.folder / SET_ASIDE / name).exists()
    assert logs.events() == before


def test_no_other_command_begins_a_store_over_a_lost_one(logs: Logs) -> None:
    no_manifest(logs)
    with pytest.raises(SecOpsError) as caught, logs.store():
        pass
    assert "sec-ops logs rebuild" in str(caught.value.advice)
