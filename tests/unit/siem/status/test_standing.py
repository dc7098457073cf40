"""How sources stand: arriving, stale, silent, missing; whose events are whose; and the summary of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.inventory.log_sources import Expected
from sec_ops.model.evidence import LogsSummary, validated
from sec_ops.model.log_settings import LogSettings
from sec_ops.model.log_source import LogSource
from sec_ops.siem.collect.outcome import HostNote
from sec_ops.siem.status.standing import Known, Standing, State, by_key, standing_of
from sec_ops.siem.status.summary import kept_days, source_document, summary_of
from sec_ops.siem.storing import DatasetDay, SourceFacts

NOW = int(datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()) * 1_000_000
MINUTE, DAY = 60_000_000, 86_400_000_000


def facts(source: str, *, ago: int = MINUTE, event_ago: int | None = None, **more: Any) -> SourceFacts:
    last = NOW - (ago if event_ago is None else event_ago)
    usual: dict[str, Any] = {"dataset": "x", "host": source.partition(":")[0], "unit": "u", "events": 48, "unparsed": 0}
    usual |= {"first_us": NOW - 10 * DAY, "last_us": last, "last_received_us": NOW - ago}
    return SourceFacts(source=source, **(usual | more))


def expected(collect: str = "pull", host: str = "web", **more: Any) -> Expected:
    paths = {"paths": ("/var/log/*.log",)} if collect == "pull" else {}
    source = LogSource(id="s", collect=collect, **(paths | more))
    return Expected(system="records", unit="u", host="" if source.object else host, source=source)


def stand(wanted: Expected, *found: SourceFacts, **more: Any) -> Standing:
    return standing_of([wanted], Known(facts=found, today=by_key(found), **more), NOW)


@pytest.mark.parametrize(
    ("ago", "event_ago", "silent_after", "state"),
    [
        (MINUTE, MINUTE, 60, State.ARRIVING),
        (59 * MINUTE, 59 * MINUTE, 60, State.ARRIVING),
        (61 * MINUTE, 61 * MINUTE, 60, State.SILENT),
        (MINUTE, 3 * DAY, 60, State.STALE),
        (MINUTE, 20 * 60 * MINUTE, 60, State.ARRIVING),
        (MINUTE, -3 * DAY, 60, State.ARRIVING),
        (8 * DAY, 8 * DAY, 10_080, State.SILENT),
        (6 * DAY, 6 * DAY, 10_080, State.ARRIVING),
    ],
)
def test_states(ago: int, event_ago: int, silent_after: int, state: State) -> None:
    wanted = expected(silent_after_minutes=silent_after)
    (found,) = stand(wanted, facts("web:/var/log/a.log", ago=ago, event_ago=event_ago)).expected
    assert found.state is state
    assert (found.silent_ms, found.behind_ms) == (ago // 1000, (event_ago - ago) // 1000)


def test_what_never_came_is_missing() -> None:
    standing = stand(expected())
    (found,) = standing.expected
    assert (found.state, found.last_received_us, found.reach_days(NOW)) == (State.MISSING, 0, 0)
    assert standing.wanting == (found,)
    assert source_document(found, NOW)["last_received"] is None


@pytest.mark.parametrize(
    ("wanted", "source", "mine"),
    [
        (expected(), "web:/var/log/a.log", True),
        (expected(), "web:/var/log/deep/a.log", False),
        (expected(), "web:/var/log/a.txt", False),
        (expected(), "db:/var/log/a.log", False),
        (expected("journal"), "web:journal", True),
        (expected("journal"), "web:journal:s", False),
        (expected("journal", units=("a.service",)), "web:journal:s", True),
        (expected("syslog"), "web:syslog_udp", True),
        (expected("syslog"), "web:relp", True),
        (expected("syslog"), "web:key:bulk", False),
        (expected("bulk"), "web:key:bulk", True),
        (expected("bulk"), "web:syslog_udp", False),
        (expected("syslog", object="switch", addresses=("192.0.2.1",)), "switch:syslog_tls", True),
        (expected("syslog", object="switch", addresses=("192.0.2.1",)), "web:syslog_tls", False),
    ],
)
def test_whose_records_are_whose(wanted: Expected, source: str, mine: bool) -> None:
    standing = stand(wanted, facts(source))
    assert (standing.expected[0].state is State.ARRIVING) is mine
    assert [each.name for each in standing.unexpected] == ([] if mine else [source])


def test_imported_records_are_known_by_their_host() -> None:
    standing = stand(expected("import"), facts("import:0123", host="web"))
    assert standing.expected[0].state is State.ARRIVING
    assert standing.unexpected == ()


def test_another_dataset_is_not_the_one_expected_but_what_no_parser_understood_is() -> None:
    wanted = expected("syslog", dataset="nginx.access")
    assert stand(wanted, facts("web:relp", dataset="sshd")).expected[0].state is State.MISSING
    assert stand(wanted, facts("web:relp", dataset="unparsed")).expected[0].state is State.ARRIVING


def test_counts_gaps_and_what_the_last_pull_said() -> None:
    one, two = facts("web:/var/log/a.log", unparsed=12), facts("web:/var/log/b.log", dataset="y", ago=5 * MINUTE)
    gap = {"kind": "gone", "at_ms": 5, "since_ms": 1, "path": "/var/log/a.log"}
    positions = {one.source: {"gaps": [gap], "gap_count": 3}}
    note = HostNote(at="", state="incomplete", clock_offset_ms=-9000, expected={"records/s@web": "unreadable"})
    (found,) = stand(expected(), one, two, positions=positions, notes={"web": note}).expected
    assert (found.events, found.events_day, found.unparsed_day, found.gaps) == (96, 96, 12, 3)
    assert (found.trouble, found.clock_offset_ms, found.datasets) == ("unreadable", -9000, ("x", "y"))
    assert found.last_gap is not None
    document = source_document(found, NOW)
    assert (document["events_per_hour"], document["unparsed_permille"]) == (4, 125)
    assert document["last_gap"]["kind"] == "gone"


@pytest.mark.parametrize(("first", "days"), [(0, 0), (NOW - 30 * DAY, 30), (NOW + DAY, 0), (86_400_000_000 * 5, 0)])
def test_reach_leaves_out_times_that_cannot_be(first: int, days: int) -> None:
    (found,) = stand(expected(), facts("web:/var/log/a.log", first_us=first)).expected
    assert found.reach_days(NOW) == days


def test_the_summary_counts_by_system_and_names_what_does_not_arrive() -> None:
    switch = expected("syslog", object="switch", addresses=("192.0.2.1",))
    silent = facts("db:/var/log/a.log", ago=5 * DAY, first_us=NOW - 200 * DAY)
    found = [facts("web:/var/log/a.log", first_us=NOW - 190 * DAY), silent, facts("stranger:relp", unparsed=8)]
    wanted = [expected(), expected(host="db"), switch]
    standing = standing_of(wanted, Known(facts=found, today=by_key(found)), NOW)
    days = [DatasetDay(dataset="x", day=day, events=1, bytes=1) for day in ("2026-01-01", "2026-11-25", "2026-11-26")]
    summary = summary_of(standing, days, LogSettings(), {"0001": (7, "ab" * 32)})
    (system,) = summary.systems
    assert (system.hosts.expected, system.hosts.arriving, system.hosts.silent, system.hosts.reach_days) == (
        2,
        1,
        1,
        190,
    )
    assert (system.devices.expected, system.devices.missing, system.devices.reach_days) == (1, 1, 0)
    assert (summary.expected, summary.arriving, summary.unexpected, summary.unparsed) == (3, 1, 1, 8)
    assert summary.not_arriving == ("records/s@db", "records/s@switch")
    assert (summary.oldest_day, summary.days_kept, summary.retention_days) == ("2026-01-01", 2, 200)
    assert [(each.stream, each.last) for each in summary.streams] == [("0001", 7)]
    assert LogsSummary.model_validate(validated(LogsSummary.kind, summary.model_dump(mode="json"))) == summary


def test_days_are_counted_once_and_within_the_last_half_year() -> None:
    kept = [("a", "2026-11-26", 1), ("b", "2026-11-26", 1), ("a", "2026-05-26", 1), ("a", "2026-11-01", 0)]
    days = [DatasetDay(dataset=name, day=day, events=count, bytes=0) for name, day, count in kept]
    days.append(DatasetDay(dataset="future", day="2026-11-27", events=1, bytes=0))
    assert kept_days(days, datetime(2026, 11, 26, tzinfo=UTC)) == 1


@given(st.integers(0, 2**62), st.integers(0, 2**62), st.integers(0, 2**62))
def test_any_times_can_be_told(first: int, last: int, received: int) -> None:
    (found,) = stand(
        expected(), facts("web:/var/log/a.log", first_us=first, last_us=last, last_received_us=received)
    ).expected
    source_document(found, NOW)


def test_files_brought_by_hand_are_counted_by_what_they_are() -> None:
    brought = [facts(f"import:{digest}", dataset="dpkg", host="", events=2) for digest in ("aa", "bb")]
    (only,) = standing_of((), Known(facts=brought, today=by_key(brought)), NOW).unexpected
    assert (only.name, only.events, only.sources) == ("import:dpkg", 4, ("import:aa", "import:bb"))


def test_a_source_that_never_came_reaches_nowhere() -> None:
    found = [facts("web:/var/log/a.log", first_us=NOW - 190 * DAY)]
    standing = standing_of([expected(), expected(host="db")], Known(facts=found, today=by_key(found)), NOW)
    (system,) = summary_of(standing, [], LogSettings(), {}).systems
    assert (system.hosts.missing, system.hosts.reach_days) == (1, 0)
