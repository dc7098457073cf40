"""Migration between two real embedded stores; the same with Elasticsearch is an integration test."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, TIME, Row
from sec_ops.siem.migrating import STREAM, DayMoved, plan_migration, run_migration
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit, Request
from tests.contract.event_stores import DAY, NOON, TYPES, FixedClock, rows


def opened(folder: Path) -> EmbeddedStore:
    return EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom)


def filled(folder: Path) -> EmbeddedStore:
    store = opened(folder)
    for sequence in (1, 2, 3):
        events = [
            {TIME: NOON - n % 2 * DAY, DATASET: "sshd", "message": f"{sequence} {n}", "tags": ["a", str(n)]}
            for n in range(30)
        ]
        given = rows(events, stream="0001", sequence=sequence)
        given += [Row(row.event, row.place, row.index, part=1) for row in given[:5]]
        store.append(given, Commit(stream="0001", sequence=sequence, pending={"web": b"held %d" % sequence}))
    return store


def contents(store: EmbeddedStore) -> list[tuple[object, ...]]:
    found = [
        (row.place, row.index, row.part, sorted(row.event.items(), key=str))
        for day in store.days()
        for row in store.rows(day)
    ]
    return sorted(found, key=str)


def quiet(_day: DayMoved) -> None:
    pass


def test_everything_arrives_with_its_places_and_commits(tmp_path: Path):
    source, target = filled(tmp_path / "a"), opened(tmp_path / "b")
    planned = plan_migration(source, target)
    assert not planned.complete
    assert target.count(Request()) == 0
    moved = run_migration(source, target, quiet)
    assert moved.complete
    assert sum(day.copied for day in moved.days) == 105
    assert contents(target) == contents(source)
    committed = {name: commit for name, commit in target.committed().items() if name != STREAM}
    assert committed == source.committed()


def test_a_second_run_copies_nothing(tmp_path: Path):
    source, target = filled(tmp_path / "a"), opened(tmp_path / "b")
    run_migration(source, target, quiet)
    again = run_migration(source, target, quiet)
    assert again.complete
    assert sum(day.copied for day in again.days) == 0


def test_only_what_is_missing_is_copied(tmp_path: Path):
    source, target = filled(tmp_path / "a"), opened(tmp_path / "b")
    every = [row for day in source.days() for row in source.rows(day)]
    target.append(random.Random(7).sample(every, 50), Commit(stream=STREAM, sequence=4))
    moved = run_migration(source, target, quiet)
    assert sum(day.copied for day in moved.days) == len(every) - 50
    assert contents(target) == contents(source)


def test_and_back_again(tmp_path: Path):
    source, target, third = filled(tmp_path / "a"), opened(tmp_path / "b"), opened(tmp_path / "c")
    run_migration(source, target, quiet)
    run_migration(target, third, quiet)
    assert contents(third) == contents(source)


def test_what_comes_in_meanwhile_is_told_and_no_commit_is_handed_over(tmp_path: Path):
    source, target = filled(tmp_path / "a"), opened(tmp_path / "b")

    def write(_day: DayMoved) -> None:
        if source.committed()["0001"].sequence == 3:
            source.append(rows([{}], stream="0001", sequence=4), Commit(stream="0001", sequence=4))

    moved = run_migration(source, target, write)
    assert moved.changed
    assert not moved.complete
    assert set(target.committed()) == {STREAM}
    assert run_migration(source, target, quiet).complete


class Losing(EmbeddedStore):
    """A store that takes less than it is told."""

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        super().append(rows[1:], commit)


def test_a_mismatch_is_told(tmp_path: Path):
    source = filled(tmp_path / "a")
    target = Losing(tmp_path / "b", types=TYPES, clock=FixedClock(), randomness=os.urandom)
    moved = run_migration(source, target, quiet)
    assert not moved.complete
    assert [day.source - day.target for day in moved.days] == [1] * len(moved.days)
    assert "0001" not in target.committed()


SCRIPT = """
import sys
from pathlib import Path
from sec_ops.siem import migrating
from tests.unit.siem.test_migrating import opened, quiet
migrating._PORTION = 3
print("go", flush=True)
migrating.run_migration(opened(Path(sys.argv[1])), opened(Path(sys.argv[2])), quiet)
"""


def test_killed_anywhere_it_goes_on(tmp_path: Path):
    source = filled(tmp_path / "a")
    draw = random.Random(11)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "a"), str(tmp_path / "b")]
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(draw.uniform(0.02, 0.4))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    target = opened(tmp_path / "b")
    assert run_migration(source, target, quiet).complete
    assert contents(target) == contents(source)


def test_places_are_compared_as_they_are_ordered(tmp_path: Path):
    source, target = opened(tmp_path / "a"), opened(tmp_path / "b")
    for sequence, stream in ((2, "0001"), (10, "0001"), (1, "0010"), (3, "0002")):
        source.append(rows([{}] * 12, stream=stream, sequence=sequence), Commit(stream=stream, sequence=sequence))
    target.append([Row(rows([{}] * 11)[10].event, Place("0001", 10), 10)], Commit(stream=STREAM, sequence=1))
    run_migration(source, target, quiet)
    assert target.count(Request()) == source.count(Request()) == 48
