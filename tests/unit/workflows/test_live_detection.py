"""Live detection judges every event once however its process ends, and never keeps one from the store."""

import json
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection.database import open_database
from sec_ops.detection.live.kept import GapReason, close_gaps, kept_gaps, kept_positions
from sec_ops.model.errors import ContentInvalid, SecOpsError, StorageError
from sec_ops.model.messages import message
from sec_ops.siem.index.stream import ENDED, StreamIndex
from sec_ops.siem.records import Place, RawBatch, Transport
from sec_ops.siem.storing import EventStore
from sec_ops.workflows.passing_over import PassingOver
from tests.unit.siem.raw.support import SetClock, batch_of
from tests.unit.workflows.live_support import FAILED, LIMITS, ROOT, Site, joining, judging

LINES = [b"fail@%d", b"fail root@%d", b"open@%d", b" and more"]
DEEDS = ["", "", "pause", "commit", "silence", "pause, kill", "silence, kill", "kill"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, SetClock())


def feed(site: Site, *lines: bytes, source: str = "host:/log") -> None:
    site.index.feed(Place("0001", site.index.sequence + 1), batch_of(*lines, source=source))


def seconds(site: Site, number: float) -> None:
    site.clock.moment += timedelta(seconds=number)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.tuples(st.sampled_from(["s1", "s1", "s2", "s3"]), st.sampled_from(LINES)), max_size=25),
    lazy=st.booleans(),
    deeds=st.lists(st.sampled_from(DEEDS), min_size=25, max_size=25),
)
def test_killed_at_any_moment_it_tells_the_same(lines: list[tuple[str, bytes]], lazy: bool, deeds: list[str]) -> None:
    def alerts(does: list[str]) -> list[Any]:
        with tempfile.TemporaryDirectory() as folder:
            site, number = Site(Path(folder), SetClock(), lazy=lazy), 0
            does = list(does)
            while number < len(lines):
                source, line = lines[number]
                text = line % number if b"%" in line else line
                site.index.feed(Place("0001", number + 1), batch_of(text, source=source))
                deed, does[number] = does[number], ""
                number += 1
                do(site, deed)
                if "kill" in deed:
                    number = site.index.sequence
            for each in ("s1", "s2", "s3"):
                site.index.end(each)
            site.index.commit()
            site.live.close()
            return site.alerts()

    quiet = ["silence" if "silence" in deed else "" for deed in deeds]
    assert alerts(deeds) == alerts(quiet)


def do(site: Site, deed: str) -> None:
    if "silence" in deed:
        seconds(site, 6)
        site.index.tick()
    if "pause" in deed or "silence" in deed:
        site.live.pause()
    if deed == "commit":
        site.index.commit()
    if "kill" in deed:
        site.begin()


@pytest.mark.parametrize("deed", ["pause, kill", "silence, kill"])
def test_what_was_judged_and_not_stored_is_not_judged_again(site: Site, deed: str) -> None:
    lines = [b"fail@1", b"fail@2", b"root@3"]
    for line in lines:
        feed(site, line)
    do(site, deed)
    assert site.index.sequence == 0
    for line in lines:
        feed(site, line)
    do(site, "silence")
    feed(site, b"open@4", b"open@5")
    site.index.commit()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 1)]


def test_a_batch_that_brings_no_event_before_a_commit_is_no_gap_and_forgets_nothing(site: Site) -> None:
    feed(site, b"fail@1", source="s1")
    do(site, "silence, kill")
    feed(site, b"fail@1", source="s1")
    feed(site, b" and more", source="s1")
    do(site, "commit")
    do(site, "kill")
    feed(site, b"fail@2", b"open@3", source="s1")
    site.index.commit()
    site.live.pause()
    assert site.alerts() == []
    assert kept_gaps(site.live._database) == []  # type: ignore[arg-type]


def test_what_is_held_back_again_after_a_kill_is_not_judged_again_either(site: Site) -> None:
    feed(site, b"fail root@1", source="s1")
    feed(site, b"fail@2", source="s2")
    do(site, "silence, kill")
    feed(site, b"fail root@1", source="s1")
    feed(site, b"fail@2", source="s2")
    feed(site, b"fail@3", b"open@4", source="s2")
    site.index.commit()
    feed(site, b"open@5", source="s1")
    do(site, "silence")
    site.index.commit()
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 1)]
    with site.live._database.reading() as connection:  # type: ignore[union-attr]
        documents = connection.execute("SELECT document FROM live_groups ORDER BY key").fetchall()
    assert [len(json.loads(each)["points"]) for (each,) in documents] == [1, 2]


def test_records_that_the_store_has_are_not_remembered_for_ever(site: Site) -> None:
    feed(site, b"root@1")
    do(site, "silence")
    assert kept_positions(site.live._database)["0001"].loose == {"0001/1/0"}  # type: ignore[arg-type]
    site.index.commit()
    feed(site, b"root@2", b"open@3")
    site.live.pause()
    assert kept_positions(site.live._database)["0001"].loose == set()  # type: ignore[arg-type]


def test_alerts_are_written_at_the_pause_and_reported(site: Site) -> None:
    feed(site, b"fail@1", b"fail@2", b"fail@3", b"root@4", b"open@5")
    assert site.alerts() == []
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("guessed", 3), ("root", 1)]
    assert site.reports == 1
    site.live.pause()
    assert site.reports == 1


def test_a_window_goes_on_in_the_next_process(site: Site) -> None:
    feed(site, b"fail@1", b"fail@2", b"open@3")
    site.index.commit()
    site.begin()
    feed(site, b"fail@4", b"open@5")
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("guessed", 3)]


def test_rules_that_cannot_be_read_cost_no_event_and_make_a_gap(tmp_path: Path) -> None:
    site = Site(tmp_path, SetClock())
    site.rules = ContentInvalid((), what=message("broken"))
    site.begin()
    feed(site, b"fail root@1", b"open@2")
    site.index.commit()
    site.live.pause()
    assert site.store.messages == ["fail root@1"]
    assert (site.told[-1].unjudged, str(site.told[-1].trouble)) == (1, "broken")
    site.rules = judging()
    seconds(site, 31)
    site.live.pause()
    feed(site, b"fail root@3", b"open@4")
    site.index.commit()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 1)]
    (gap,) = kept_gaps(site.live._database)  # type: ignore[arg-type]
    assert (gap.reason, gap.events) == (GapReason.NOT_READY, 1)
    seconds(site, 6)
    site.live.pause()
    assert (site.told[-1].gaps, site.told[-1].gap_since_ms, site.told[-1].trouble) == (1, gap.since_ms, None)


def test_broken_rules_leave_those_that_are_loaded_and_new_ones_take_over(site: Site) -> None:
    site.rules = ContentInvalid((), what=message("broken"))
    seconds(site, 16)
    site.live.pause()
    assert str(site.live.trouble) == "broken"
    feed(site, b"fail root@1", b"fail@2", b"open@2")
    site.live.pause()
    assert [rule for rule, _key, _count in site.alerts()] == ["root"]
    site.rules = judging("second", (FAILED,))
    seconds(site, 16)
    site.live.pause()
    feed(site, b"fail root@3", b"open@4")
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("guessed", 3), ("root", 1)]


def test_rules_are_looked_after_at_once_when_somebody_asks(site: Site) -> None:
    site.live.pause()
    site.rules = judging("second", (FAILED,))
    site.live.pause()
    feed(site, b"fail root@1", b"open@2")
    site.live.pause()
    assert [rule for rule, _key, _count in site.alerts()] == ["root"]
    site.live.look_again()
    site.live.pause()
    feed(site, b"fail root@3", b"open@4")
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 1)]


def test_a_full_disk_costs_no_event_and_what_was_found_is_written_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: Any, **_names: Any) -> None:
        raise StorageError(message("full"))

    with monkeypatch.context() as patched:
        patched.setattr("sec_ops.detection.live.detector.keep_hits", full)
        feed(site, b"fail root@1", b"fail@2", b"open@3")
        site.index.commit()
        assert site.store.messages == ["fail root@1", "fail@2"]
        assert (site.alerts(), str(site.live.trouble)) == ([], "full")
    feed(site, b"fail@4", b"open@5")
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("guessed", 3), ("root", 1)]
    assert site.live.trouble is None


def test_dying_with_a_full_disk_is_a_gap_that_the_next_process_tells(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: Any, **_names: Any) -> None:
        raise StorageError(message("full"))

    feed(site, b"open@1", b"open@1")
    site.index.commit()
    with monkeypatch.context() as patched:
        patched.setattr("sec_ops.detection.live.detector.keep_hits", full)
        feed(site, b"fail root@1", b"open@3")
        site.index.commit()
    site.begin()
    site.live.pause()
    (gap,) = kept_gaps(site.live._database)  # type: ignore[arg-type]
    assert gap.reason is GapReason.STORED_UNJUDGED
    assert close_gaps(site.live._database, gap.since_ms + 1, gap.until_ms) == 0  # type: ignore[arg-type]
    assert close_gaps(site.live._database, gap.since_ms, gap.until_ms) == 1  # type: ignore[arg-type]


def test_an_event_that_judging_fails_on_costs_no_other(site: Site) -> None:
    def find(events: Any) -> Any:
        for place, event in enumerate(events):
            if event["message"] == "bomb@2":
                raise RecursionError
            if "root" in event["message"]:
                yield place, [ROOT]

    whole = judging("third")
    site.rules = type(whole)(
        digest="third", rules=(ROOT,), correlations=(), alerting=whole.alerting, find=find, occurrence=whole.occurrence
    )
    site.begin()
    feed(site, b"root@1", b"bomb@2", b"root@3", b"open@4")
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 2)]
    (gap,) = kept_gaps(site.live._database)  # type: ignore[arg-type]
    assert (gap.reason, gap.detail) == (GapReason.FAILED, "0001/1/1: RecursionError")


def test_whatever_breaks_inside_events_are_stored_and_judging_begins_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any, **_names: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("sec_ops.detection.correlate.correlator.Correlator.feed", broken)
        feed(site, b"fail@1", b"open@2")
        site.index.commit()
    assert site.store.messages == ["fail@1"]
    assert "ZeroDivisionError" in str(site.live.trouble)
    seconds(site, 31)
    site.live.pause()
    feed(site, b"root@3", b"open@4")
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 1)]
    (gap,) = kept_gaps(site.live._database)  # type: ignore[arg-type]
    assert gap.reason is GapReason.NOT_READY


def test_more_hits_than_may_wait_are_a_gap(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sec_ops.detection.live.detector.MOST_HITS", 2)
    feed(site, *(b"root@%d" % number for number in range(100, 106)))
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 2)]
    (gap,) = kept_gaps(site.live._database)  # type: ignore[arg-type]
    assert (gap.reason, gap.events, gap.since_ms, gap.until_ms) == (GapReason.NO_ROOM, 3, 102_000, 104_000)


def test_what_a_rule_that_is_gone_remembered_goes_too(site: Site) -> None:
    feed(site, b"fail@1", b"fail@2", b"open@3")
    site.index.commit()
    whole = judging("fourth")
    site.rules = type(whole)(
        digest="fourth",
        rules=whole.rules,
        correlations=(),
        alerting=whole.alerting,
        find=whole.find,
        occurrence=whole.occurrence,
    )
    site.begin()
    site.live.close()
    site.begin()
    with site.live._database.reading() as connection:  # type: ignore[union-attr]
        assert connection.execute("SELECT count(*) FROM live_groups").fetchone() == (0,)


def test_what_is_imported_is_passed_over_and_no_gap(site: Site) -> None:
    feed(site, b"root@1", b"open@2")
    site.index.end("host:/log")
    site.index.commit()
    site.live.close()
    watch = PassingOver(lambda: open_database(site.folder / "detection.db"), unexpected)
    index = StreamIndex("0001", cast("EventStore", site.store), joining, site.clock, LIMITS, watch)
    index.feed(Place("0001", 2), imported(b"root@3", b"open@4"))
    index.feed(Place("0001", 3), imported(b"root@5", b"open@6"))
    index.commit()
    site.begin()
    site.live.pause()
    assert kept_gaps(site.live._database) == []  # type: ignore[arg-type]
    site.index.feed(Place("0001", 4), imported(b"root@7", b"open@8"))
    feed(site, b"root@9", b"open@10")
    site.live.pause()
    assert [(rule, count) for rule, _key, count in site.alerts()] == [("root", 2)]


def test_what_an_import_finds_left_over_is_a_gap(site: Site) -> None:
    feed(site, b"open@1", b"open@2")
    site.index.commit()
    site.live.close()
    watch = PassingOver(lambda: open_database(site.folder / "detection.db"), unexpected)
    index = StreamIndex("0001", cast("EventStore", site.store), joining, site.clock, LIMITS, watch)
    index.feed(Place("0001", 2), batch_of(b"root@3", b"open@4"))
    index.feed(Place("0001", 3), imported(b"root@5", b"open@6"))
    index.commit()
    site.begin()
    site.live.pause()
    assert [gap.reason for gap in kept_gaps(site.live._database)] == [GapReason.STORED_UNJUDGED]  # type: ignore[arg-type]


def imported(*lines: bytes) -> RawBatch:
    batch = batch_of(*lines, source="import:/log", position={ENDED: True})
    return replace(batch, origin=replace(batch.origin, transport=Transport.IMPORT))


def unexpected(error: SecOpsError) -> None:
    raise error


def test_rules_are_read_when_there_is_something_to_judge(tmp_path: Path) -> None:
    site = Site(tmp_path, SetClock(), lazy=True)
    site.live.pause()
    assert site.live._database is None
    assert site.told == []
    feed(site, b"root@1", b"open@2")
    site.live.pause()
    assert [rule for rule, _key, _count in site.alerts()] == ["root"]
