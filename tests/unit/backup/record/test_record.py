"""The record: attempts stand there before they begin, arrivals keep their order, what is kept comes back the same."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sec_ops.backup.record.attempts import AlreadyRunning
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import (
    Arrival,
    Attempt,
    Counts,
    Doing,
    Ending,
    Hold,
    Ordered,
    Size,
    SourceResult,
    State,
    Verb,
)
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import ProgramFailed, UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.site import Site

DOING = Doing(verb=Verb.RUN, system="records", repository="a", run="20261126T080000Z-backup-01020304")
OK = Judged(verdict=Verdict.OK, what=message("done"))


def test_an_attempt_is_on_disk_before_it_begins_and_has_its_end_after(record: Record, clock, tmp_path: Path) -> None:
    judged = Judged(
        verdict=Verdict.PARTIAL,
        what=message("{repository}: {verb} left something out", repository="a", verb=message("done")),
        why="a\udcffb",
        advice=message("{path}", path=Path("/srv")),
        paths=("/x\udcff",),
    )
    source = SourceResult(source="files", judged=judged, taken_at_ms=5, heartbeat_ms=None)
    ending = Ending(judged=judged, snapshots=2, counts=Counts(bytes_read=7), sources=(source,), evidence=3)
    with record.attempting(DOING) as attempting:
        with open_record(Site(tmp_path)) as other:
            (begun,) = other.attempts(Verb.RUN)
        assert (begun.state, begun.verdict, begun.ended_ms) == (State.RUNNING, None, None)
        assert begun.holder.endswith(f"/{os.getpid()}")
        clock.go(2.5)
        attempting.end(ending)
    (ended,) = record.attempts(Verb.RUN, "records", "a")
    assert ended.state is State.ENDED
    assert ended.ended_ms == begun.started_ms + 2500
    assert ended.ending is not None
    assert str(ended.ending.judged.what) == str(judged.what)
    assert ended.ending.judged.paths == judged.paths
    assert ended.ending.judged.why == judged.why
    assert str(ended.ending.judged.advice) == "/srv"
    assert (ended.ending.counts, ended.ending.snapshots, ended.ending.evidence) == (ending.counts, 2, 3)
    assert [(each.source, each.taken_at_ms) for each in ended.ending.sources] == [("files", 5)]


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, Verdict.INTERRUPTED),
        (KeyboardInterrupt(), Verdict.INTERRUPTED),
        (ProgramFailed(message("it broke")), Verdict.FAILED),
        (RuntimeError("secret"), Verdict.FAILED),
    ],
)
def test_an_attempt_left_without_a_word_is_never_good(
    record: Record, error: BaseException | None, verdict: Verdict
) -> None:
    def leave() -> None:
        with record.attempting(DOING):
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            leave()
    else:
        leave()
    found = record.latest(Verb.RUN, "records")
    assert found is not None
    assert found.judged is not None
    assert found.verdict is verdict
    assert found.judged.advice is not None
    assert "secret" not in found.judged.why


def test_two_attempts_of_one_kind_at_once_are_refused_with_the_owner_told(record: Record) -> None:
    with record.attempting(DOING) as first:
        with pytest.raises(AlreadyRunning) as refused, record.attempting(DOING):
            pass
        assert f"/{os.getpid()}" in str(refused.value.what)
        with record.attempting(Doing(verb=Verb.COPY, system="records", repository="a")) as another:
            another.end(Ending(judged=OK))
        first.end(Ending(judged=OK))
    assert [each.verdict for each in record.attempts(Verb.RUN)] == [Verdict.OK]
    with record.attempting(DOING) as again:
        again.end(Ending(judged=OK))
    assert len(record.attempts(Verb.RUN)) == 2


_BEGINS = """
import sys, time
from pathlib import Path
from sec_ops.backup.record.record import open_record
from sec_ops.backup.record.values import Doing, Verb
from sec_ops.runtime.site import Site
with open_record(Site(Path(sys.argv[1]))) as record:
    with record.attempting(Doing(verb=Verb.RUN, system="records", repository="a")):
        print("begun", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("found_by", ["settle", "next attempt"])
def test_an_attempt_whose_process_was_killed_is_interrupted(record: Record, tmp_path: Path, found_by: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", _BEGINS, str(tmp_path)], stdout=subprocess.PIPE)
    with child:
        assert child.stdout
        assert child.stdout.readline() == b"begun\n"
        assert record.settle() == ()
        child.send_signal(signal.SIGKILL)
    if found_by == "settle":
        assert [each.state for each in record.settle()] == [State.INTERRUPTED]
        assert record.settle() == ()
    else:
        with record.attempting(DOING) as attempting:
            attempting.end(Ending(judged=OK))
    killed = record.attempts(Verb.RUN)[-1]
    assert (killed.state, killed.verdict) == (State.INTERRUPTED, Verdict.INTERRUPTED)


def _arrival(snapshot: str, claimed_ms: int = 0, **more: object) -> Arrival:
    return Arrival(
        repository="a",
        snapshot=snapshot,
        host="h",
        claimed_ms=claimed_ms,
        first_seen_ms=1,
        run=DOING.run,
        system="records",
        **more,  # type: ignore[arg-type]
    )


def test_arrivals_keep_the_order_they_came_in_whatever_they_claim(record: Record) -> None:
    late = _arrival("late", claimed_ms=2**41, counts=Counts(files_new=3), ordered=Ordered.EVIDENCE)
    record.arrive([late, _arrival("early", 5)])
    assert record.arrive([_arrival("early", 5, taken_at_ms=4)]) == ()
    found = record.arrivals("records", "a", run=DOING.run)
    assert [(each.snapshot, each.arrival) for each in found] == [("late", 1), ("early", 2)]
    assert found[0].counts == Counts(files_new=3)
    assert found[0].ordered is Ordered.EVIDENCE
    assert found[1].taken_at_ms == 4
    assert record.arrivals("other") == record.arrivals(repository="b") == ()


def test_a_whole_listing_tells_what_is_new_and_what_is_gone(record: Record, clock) -> None:
    asked = record.now_ms
    record.arrive([_arrival("one"), _arrival("two")])
    clock.go(1)
    listed = record.listed("a", [_arrival("two"), _arrival("three")], asked_ms=asked)
    assert [each.snapshot for each in listed.new] == ["three"]
    assert [each.snapshot for each in listed.gone] == ["one"]
    assert [each.snapshot for each in record.arrivals()] == ["two", "three"]
    assert [each.gone_ms for each in record.arrivals(gone=True)] == [record.now_ms, None, None]
    record.listed("a", [_arrival("one"), _arrival("two"), _arrival("three")], asked_ms=asked)
    assert [each.snapshot for each in record.arrivals()] == ["one", "two", "three"]


def test_what_came_while_a_listing_was_asked_for_is_not_gone(record: Record, clock) -> None:
    asked = record.now_ms
    clock.go(1)
    record.arrive([Arrival(repository="a", snapshot="new", host="h", claimed_ms=0, first_seen_ms=record.now_ms)])
    assert record.listed("a", [], asked_ms=asked).gone == ()


def test_holds_stay_until_a_person_lifts_them(record: Record) -> None:
    signs = (message("{share} % changed", share=99), message("done"))
    kept = record.hold(Hold(system="records", repository="a", reason=message("done"), since_ms=1, signs=signs))
    assert record.holds("records") == (kept,)
    lifted = record.lift(kept.id, person="li", reason="a migration")
    assert (lifted.lifted_by, lifted.lifted_why, lifted.signs) == ("li", "a migration", signs)
    assert record.holds() == ()
    assert record.holds(lifted=True) == (lifted,)
    with pytest.raises(UsageError):
        record.lift(kept.id, person="li", reason="again")


def _known(verb: Verb, started_ms: int, *, evidence: int, run: str = "") -> Attempt:
    return Attempt(
        id=0,
        verb=verb,
        system="records",
        repository="a",
        run=run,
        holder="",
        started_ms=started_ms,
        ended_ms=started_ms,
        state=State.ENDED,
        ending=Ending(judged=OK, evidence=evidence),
    )


def test_attempts_of_old_come_before_those_that_began_since(record: Record) -> None:
    with record.attempting(DOING) as attempting:
        attempting.end(Ending(judged=OK, evidence=9))
    old = [
        _known(Verb.RUN, 5, evidence=1, run="old"),
        _known(Verb.VERIFY, 6, evidence=2),
        _known(Verb.VERIFY, 7, evidence=3),
    ]
    same = _known(Verb.RUN, 8, evidence=9, run=DOING.run)
    assert record.remember([*old, same]) == 3
    assert record.remember([*old, same]) == 0
    assert [each.run for each in record.attempts(Verb.RUN)] == [DOING.run, "old"]
    newest = record.latest(Verb.VERIFY, "records")
    assert newest is not None
    assert newest.ending is not None
    assert newest.ending.evidence == 3
    later = _known(Verb.VERIFY, record.now_ms + 1, evidence=12)
    assert record.remember([*old, later]) == 1
    assert record.attempts(Verb.VERIFY)[0].started_ms == later.started_ms


def test_holds_known_from_elsewhere_are_kept_once_with_what_became_of_them(record: Record) -> None:
    assert record.holds_told == -1
    mine = record.hold(Hold(system="records", repository="a", run="r1", reason=message("done"), since_ms=1))
    told = replace(mine, lifted_ms=7, lifted_by="li", lifted_why="x")
    lifted = replace(told, run="r2")
    assert record.take_holds([told, lifted], told=4) == 1
    assert record.take_holds([told, lifted], told=5) == 0
    assert record.holds_told == 5
    assert record.holds() == (mine,), "what evidence says of a hold that is known does not lift it"
    assert [(each.run, each.lifted_by) for each in record.holds(lifted=True)] == [("r1", ""), ("r2", "li")]


def test_sizes_are_kept_over_time(record: Record) -> None:
    day = 86_400_000
    sizes = [Size(repository="a", at_ms=at, bytes=at * 10, free_bytes=None) for at in (1, 2, day, day + 1)]
    for each in sizes:
        record.measured(each)
    assert record.sizes("a") == (sizes[1], sizes[3]), "the last of each day"
    assert record.sizes("b") == ()
