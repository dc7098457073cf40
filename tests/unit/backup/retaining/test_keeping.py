"""Retention by order of arrival: what the rule keeps stays, and no clock of a client moves anything."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.naming import MANIFEST, PROBE_HOST
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.values import Arrival
from sec_ops.backup.retaining.keeping import LEFTOVER_AGE, retained
from sec_ops.backup.retaining.moments import trusted_moments
from sec_ops.backup.retaining.points import newest_good, points_of
from sec_ops.model.backup_plan import Retention

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
FIELDS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")


def snapshot(arrival, moment, run, part=MANIFEST, claimed=None, verdict="ok"):
    return Arrival(
        repository="near",
        snapshot=f"{arrival:064x}",
        arrival=arrival,
        first_seen_ms=milliseconds(moment),
        claimed_ms=milliseconds(claimed or moment),
        system="records",
        run=run,
        source="files",
        part=part,
        verdict=verdict if part == MANIFEST else "",
        host="files-host",
    )


def points(seen, *, held=(), now=NOW):
    """Points of snapshots whose manifests come right after a snapshot of data."""
    both = []
    for each in seen:
        data = replace(each, arrival=2 * each.arrival - 1, part="data", snapshot=f"d{each.snapshot[1:]}", verdict="")
        both += [data] if each.part == MANIFEST else []
        both.append(replace(each, arrival=2 * each.arrival))
    return points_of(both, held=held, now=now)


def one_a(step, count, *, partial=(), failed=(), held=()):
    """Points of one run each `step`, the newest just before NOW, oldest first."""
    verdicts = dict.fromkeys(partial, "partial") | dict.fromkeys(failed, "failed")
    seen = [
        snapshot(n + 1, NOW - (count - n) * step, f"run-{n:03}", verdict=verdicts.get(f"run-{n:03}", "ok"))
        for n in range(count)
    ]
    return points(seen, held=held, now=NOW)


def chosen(points):
    found = newest_good(points)
    return found.run if found else None


def runs(points):
    return [each.run for each in points]


def kept(decided):
    return [each.point.run for each in decided.kept]


@pytest.mark.parametrize(
    ("step", "rule", "expected"),
    [
        (timedelta(hours=1), {"last": 3}, 3),
        (timedelta(minutes=30), {"hourly": 5}, 5),
        (timedelta(hours=6), {"daily": 7}, 7),
        (timedelta(days=1), {"weekly": 4}, 4),
        (timedelta(days=1), {"weekly": 100}, 15),
        (timedelta(days=7), {"monthly": 3, "yearly": 2}, 4),
    ],
)
def test_as_many_places_as_the_rule_has(step, rule, expected):
    assert len(retained(one_a(step, 100), Retention(**rule), zone=ZONE, now=NOW).kept) == expected


def test_the_newest_of_a_day_stays():
    decided = retained(one_a(timedelta(hours=6), 40), Retention(daily=2), zone=ZONE, now=NOW)
    # NOW is noon in Shanghai; arrivals were at 06:00 and 00:00 of the day, and four of the day before.
    assert kept(decided) == ["run-037", "run-039"]
    assert decided.kept[-1].reasons == ("daily", "newest_good", "newest_whole")


def test_a_whole_point_stays_rather_than_a_newer_partial_one_of_the_day():
    points = one_a(timedelta(hours=6), 40, partial=["run-037"])
    assert kept(retained(points, Retention(daily=2), zone=ZONE, now=NOW)) == ["run-036", "run-039"]


def test_the_newest_whole_point_stays_though_only_partial_ones_follow():
    points = one_a(timedelta(days=1), 10, partial=[f"run-{n:03}" for n in range(3, 10)])
    assert kept(retained(points, Retention(last=2), zone=ZONE, now=NOW)) == ["run-002", "run-008", "run-009"]


def test_snapshots_dated_2030_push_nothing_out_and_are_not_chosen():
    real = [snapshot(n, NOW - timedelta(days=20 - n), f"run-{n}") for n in range(1, 11)]
    false = [
        snapshot(n, NOW - timedelta(hours=30 - n), f"fake-{n}", claimed=datetime(2030, 1, n - 10, tzinfo=UTC))
        for n in range(11, 30)
    ]
    found = points([*real, *false], now=NOW)
    assert chosen(found) == "run-10"
    decided = retained(found, Retention(last=3, daily=5), zone=ZONE, now=NOW)
    assert [run for run in kept(decided) if run.startswith("run")] == ["run-6", "run-7", "run-8", "run-9", "run-10"]
    assert runs(decided.dropped) == ["run-1", "run-2", "run-3", "run-4", "run-5"]


def test_back_dated_snapshots_age_nothing():
    found = points(
        [
            snapshot(n, NOW - timedelta(days=9 - n), f"run-{n}", claimed=datetime(1999, 1, 1, tzinfo=UTC))
            for n in range(9)
        ],
        now=NOW,
    )
    assert kept(retained(found, Retention(daily=4), zone=ZONE, now=NOW)) == ["run-5", "run-6", "run-7", "run-8"]


def test_our_own_clock_that_was_in_2030_for_a_while_takes_no_extra_places():
    wrong = datetime(2030, 6, 1, tzinfo=UTC)
    moments = [
        NOW - timedelta(days=5),
        wrong,
        wrong + timedelta(days=1),
        NOW - timedelta(days=3),
        NOW - timedelta(days=2),
    ]
    found = points([snapshot(n + 1, at, f"run-{n}") for n, at in enumerate(moments)], now=NOW)
    # What arrived in "2030" arrived, by what came after it, three days ago at the latest.
    assert kept(retained(found, Retention(daily=3), zone=ZONE, now=NOW)) == ["run-0", "run-3", "run-4"]


def test_held_points_stay_and_take_no_place():
    points = one_a(timedelta(days=1), 6, held=["run-004", "run-005"])
    decided = retained(points, Retention(last=2), zone=ZONE, now=NOW)
    assert kept(decided) == ["run-002", "run-003", "run-004", "run-005"]
    assert chosen(points) == "run-003"


def test_leftovers_of_broken_runs_go_after_a_while_and_only_once_a_good_one_followed():
    broken = snapshot(2, NOW - LEFTOVER_AGE - timedelta(days=1), "broken", part="files")
    fresh = snapshot(4, NOW - timedelta(days=1), "fresh", part="files")
    good = [snapshot(n, NOW - timedelta(days=age), f"good-{n}") for n, age in ((1, 30), (3, 6), (5, 0))]

    def dropped(*seen):
        found = points(seen, now=NOW)
        return runs(retained(found, Retention(last=9), zone=ZONE, now=NOW).dropped)

    assert dropped(*good, broken, fresh) == ["broken"]
    assert dropped(good[0], broken) == []


def test_a_run_that_failed_is_no_point_though_its_manifest_is_there():
    points = one_a(timedelta(days=1), 3, failed=["run-002"])
    assert chosen(points) == "run-001"
    assert "failed" in str(points[-1].why_not)


def test_probes_and_foreign_snapshots_are_no_points():
    probe = replace(snapshot(1, NOW, "run"), host=PROBE_HOST)
    foreign = replace(snapshot(2, NOW, ""), system="")
    assert points([probe, foreign], now=NOW) == ()


def test_a_clock_of_ours_that_fell_back_for_one_arrival_moves_no_other():
    days = [NOW - timedelta(days=10 - n) for n in range(10)]
    days[8] = datetime(1970, 1, 1, tzinfo=UTC)
    assert trusted_moments(days, NOW) == [*days[:8], days[9], days[9]]


# Properties


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=30))
def test_moments_never_run_backwards_and_those_in_order_stay(moments):
    trusted = trusted_moments(moments, NOW)
    assert trusted == sorted(trusted)
    assert all(each <= NOW for each in trusted)
    rising = sorted(each for each in moments if each <= NOW)
    assert trusted_moments(rising, NOW) == rising


@given(st.lists(st.integers(0, 12), max_size=9))
def test_as_many_moments_as_can_stay_do(hours):
    moments = [NOW - timedelta(hours=each) for each in hours]
    most = max(
        sum(keep)
        for keep in product([0, 1], repeat=len(moments))
        if is_rising([each for each, kept in zip(moments, keep, strict=True) if kept])
    )
    stayed = sum(one == other for one, other in zip(moments, trusted_moments(moments, NOW), strict=True))
    assert stayed >= most


def is_rising(moments):
    return moments == sorted(moments)


VERDICTS = st.sampled_from(["ok", "ok", "partial", "failed", ""])


@st.composite
def histories(draw):
    """Runs in order of arrival with gaps, wrong dates, holds, missing manifests, and a clock of ours that steps."""
    count = draw(st.integers(1, 40))
    moment, seen, held = NOW - timedelta(days=400), [], set()
    for arrival in range(1, count + 1):
        moment = min(moment + timedelta(minutes=draw(st.integers(1, 20_000))), NOW)
        step = draw(st.sampled_from([timedelta(), timedelta(), timedelta(), timedelta(days=1000), timedelta(days=-50)]))
        skew = draw(st.sampled_from([timedelta(), timedelta(), timedelta(days=1500), timedelta(days=-3650)]))
        run = f"run-{arrival}"
        part = draw(st.sampled_from([MANIFEST, MANIFEST, MANIFEST, "files"]))
        seen.append(snapshot(arrival, moment + step, run, part, moment + step + skew, draw(VERDICTS)))
        if draw(st.integers(0, 9)) == 0:
            held.add(run)
    return seen, held


RULES = st.builds(
    lambda numbers: Retention(**dict(zip(FIELDS, numbers, strict=True))),
    st.tuples(*[st.integers(0, 6)] * len(FIELDS)).filter(any),
)


@given(histories(), RULES)
def test_every_point_is_kept_or_dropped_and_the_newest_good_one_never_goes(history, rule):
    found = points(history[0], held=history[1], now=NOW)
    decided = retained(found, rule, zone=ZONE, now=NOW)
    assert sorted([*kept(decided), *runs(decided.dropped)]) == sorted(runs(found))
    assert not {each.run for each in decided.dropped if each.held or each.future_dated}
    counting = [each for each in found if each.counts]
    if counting:
        assert counting[-1].run in kept(decided)
        assert chosen(found) in kept(decided)


@given(histories(), RULES)
def test_what_a_rule_keeps_is_kept_by_any_larger_rule(history, rule):
    found = points(history[0], held=history[1], now=NOW)
    larger = Retention(**{name: getattr(rule, name) + 1 for name in FIELDS})
    assert set(kept(retained(found, rule, zone=ZONE, now=NOW))) <= set(
        kept(retained(found, larger, zone=ZONE, now=NOW))
    )


@given(histories(), RULES)
def test_dropping_twice_drops_nothing_more(history, rule):
    found = points(history[0], held=history[1], now=NOW)
    gone = {snapshot for each in retained(found, rule, zone=ZONE, now=NOW).dropped for snapshot in each.ids}
    seen = [replace(each, gone_ms=1 if each.snapshot in gone else None) for each in history[0]]
    again = retained(points(seen, held=history[1], now=NOW), rule, zone=ZONE, now=NOW)
    assert again.dropped == ()


@given(histories(), RULES, st.integers(1, 30))
def test_points_that_do_not_count_push_nothing_out(history, rule, flood):
    seen, held = history
    before = retained(points(seen, held=held, now=NOW), rule, zone=ZONE, now=NOW)
    late = datetime(2030, 1, 1, tzinfo=UTC)
    fakes = [snapshot(1000 + n, NOW, f"fake-{n}", claimed=late + timedelta(days=n)) for n in range(flood)]
    cut = [snapshot(2000 + n, NOW, f"cut-{n}", part="files") for n in range(flood)]
    after = retained(points([*seen, *fakes, *cut], held=held, now=NOW), rule, zone=ZONE, now=NOW)
    assert set(kept(before)) <= set(kept(after))


@given(histories(), RULES)
def test_clients_clocks_have_no_say_beyond_being_marked(history, rule):
    seen, held = history
    honest = [replace(each, claimed_ms=each.first_seen_ms) for each in seen]
    past = [replace(each, claimed_ms=0) for each in seen]
    decisions = [kept(retained(points(each, held=held, now=NOW), rule, zone=ZONE, now=NOW)) for each in (honest, past)]
    assert decisions[0] == decisions[1]


@given(histories(), st.integers(1, 12))
def test_the_newest_whole_days_are_all_there(history, days):
    """What `daily` promises, counted another way: of each of the newest days with points that count, one is kept."""
    found = points(history[0], held=history[1], now=NOW)
    moments: dict[date, set[str]] = {}
    for point in found:
        if point.counts:
            moments.setdefault(point.arrived.astimezone(ZONE).date(), set()).add(point.run)
    stayed = set(kept(retained(found, Retention(daily=days), zone=ZONE, now=NOW)))
    for day in sorted(moments, reverse=True)[:days]:
        assert moments[day] & stayed
