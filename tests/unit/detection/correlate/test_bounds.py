"""What a correlation remembers is bounded; what it gives up is counted; clocks that jump don't empty it."""

from dataclasses import replace
from typing import Any

import pytest

from sec_ops.detection.correlate.chains import in_feeding_order
from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.correlate.limits import Limits
from sec_ops.detection.correlate.points import Point
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Correlation
from tests.unit.detection.correlate.support import correlation, rule

SECOND = 1_000_000
MANY: dict[str, Any] = {
    "type": "event_count",
    "rules": ["a"],
    "group-by": ["user"],
    "timespan": "60s",
    "condition": {"gte": 3},
}


def event(time_s: float, **fields: Any) -> Occurrence:
    return Occurrence(event=fields, shape="ecs", record=f"file:{time_s}", time_us=round(time_s * SECOND))


def correlator(told: Correlation, **limits: int) -> Correlator:
    return Correlator([told], [rule("a"), rule("b")], limits=Limits(**{"lateness_us": 20 * SECOND, **limits}))


def feed(into: Correlator, name: str, *occurrences: Occurrence) -> list[Hit]:
    return [hit for each in occurrences for hit in into.feed(rule(name), each)]


def points(of: Correlator) -> int:
    return sum(kept.document.count("],[") + 1 for kept in of.state())


def test_the_group_that_was_silent_longest_goes_and_is_counted() -> None:
    crowded = correlator(correlation(MANY), groups=2)
    feed(crowded, "a", event(1, user="x"), event(2, user="x"), event(3, user="y"), event(4, user="x"))
    feed(crowded, "a", *(event(5 + number, user=f"z{number}") for number in range(5)))
    assert crowded.counts["told"].groups_dropped == 5
    assert sorted(kept.key for kept in crowded.state() if kept.document) == ['["z3"]', '["z4"]']


def test_the_points_of_all_groups_are_bounded() -> None:
    crowded = correlator(correlation(MANY), points_in_all=10)
    feed(crowded, "a", *(event(number, user=f"u{number}") for number in range(100)))
    assert crowded.counts["told"].groups_dropped == 90


def test_a_crowded_sum_becomes_coarse_and_stays_whole() -> None:
    body = {**MANY, "type": "value_sum", "condition": {"field": "n", "gte": 5_000}}
    crowded = correlator(correlation(body), points=100)
    hits = feed(crowded, "a", *(event(number / 1_000, user="x", n=1) for number in range(5_000)))
    assert [hit.count for hit in hits] == [5_000]
    assert crowded.counts["told"].points_dropped == 0


def test_a_flood_is_counted_whole_when_it_is_told_again() -> None:
    crowded = correlator(correlation(MANY), points=200)
    hits = feed(crowded, "a", *(event(number / 100, user="x") for number in range(6_100)))
    assert [hit.count > 5_900 for hit in hits] == [False, True]
    assert hits[1].count <= 6_001


def test_one_user_s_flood_doesn_t_hide_that_others_were_tried_too() -> None:
    body = {**MANY, "type": "value_count", "group-by": [], "condition": {"field": "user", "gte": 3}}
    crowded = correlator(correlation(body), points=50)
    flood = [event(2 + number / 100, user="x") for number in range(2_000)]
    hits = feed(crowded, "a", event(0, user="y"), event(1, user="z"), *flood)
    assert [hit.count for hit in hits] == [3]
    assert crowded.counts["told"].points_dropped == 0


def test_a_flood_between_two_steps_doesn_t_hide_them() -> None:
    body = {**MANY, "type": "temporal_ordered", "rules": ["a", "b"], "condition": {"gte": 2}}
    crowded = correlator(correlation(body), points=50)
    feed(crowded, "a", *(event(number / 100, user="x") for number in range(2_000)))
    assert len(feed(crowded, "b", event(21, user="x"))) == 1


def test_points_that_are_given_up_are_counted() -> None:
    body = {**MANY, "type": "value_count", "condition": {"field": "n", "gte": 10_000}}
    crowded = correlator(replace(correlation(body), threshold=100), points=200)
    feed(crowded, "a", *(event(number / 100, user="x", n=number % 90) for number in range(90)))
    assert crowded.counts["told"].points_dropped == 0
    feed(crowded, "a", *(event(1 + number / 100, user="x", n=number) for number in range(1_000)))
    assert crowded.counts["told"].points_dropped > 0


def test_a_percentile_of_more_values_than_are_kept_is_an_estimate() -> None:
    body = {**MANY, "type": "value_percentile", "condition": {"field": "n", "percentile": 90, "gt": 850}}
    crowded = correlator(correlation(body), points=100)
    feed(crowded, "a", *(event(number / 1_000, user="x", n=number) for number in range(1_000)))
    assert [hit.count for hit in crowded.flush()] == [1_000]
    assert crowded.counts["told"].points_dropped > 0


def test_what_is_silent_is_forgotten() -> None:
    idle = correlator(correlation(MANY))
    idle.advance(0)
    feed(idle, "a", event(0, user="x"))
    idle.advance(80 * SECOND)
    assert [kept.key for kept in idle.state()] == ['["x"]']
    idle.advance(81 * SECOND)
    assert [(kept.key, kept.document) for kept in idle.changes()] == [('["x"]', "")]
    assert idle.state() == []


def test_events_of_another_year_flush_nothing() -> None:
    steady = correlator(correlation(MANY))
    steady.advance(100 * SECOND)
    feed(steady, "a", event(98, user="x"), event(99, user="x"), event(4_000_000_000, user="y"), event(-5, user="z"))
    steady.advance(101 * SECOND)
    assert [hit.group for hit in feed(steady, "a", event(101, user="x"))] == [(("user", "x"),)]
    assert steady.counts["told"].late == 1


def test_events_of_a_clock_that_is_wrong_belong_together_all_the_same() -> None:
    steady = correlator(correlation(MANY))
    steady.advance(1_000_000 * SECOND)
    for shift_s in (-500_000, 500_000):
        hits = feed(steady, "a", *(event(1_000_000 + shift_s + number, user=str(shift_s)) for number in range(3)))
        assert len(hits) == 1
    assert steady.counts["told"].late == 3


def test_a_clock_that_was_set_back_is_gone_on_with() -> None:
    put_right = correlator(correlation({**MANY, "condition": {"lt": 3}}))
    put_right.advance(1_000_000 * SECOND)
    feed(put_right, "a", event(1_000, user="x"))
    assert put_right.advance(1_001 * SECOND) == []
    feed(put_right, "a", event(1_002, user="x"))
    assert put_right.advance(1_050 * SECOND) == []
    assert [hit.count for hit in put_right.advance(1_100 * SECOND)] == [2]


def test_old_events_that_come_together_are_judged_together() -> None:
    pulled = correlator(correlation({**MANY, "condition": {"lt": 3}}))
    pulled.advance(100_000 * SECOND)
    hits = feed(pulled, "a", event(1, user="x"))
    hits += pulled.advance(100_010 * SECOND)
    hits += feed(pulled, "a", event(2, user="x"), event(3, user="x"))
    hits += pulled.advance(100_040 * SECOND)
    assert hits == []
    feed(pulled, "a", event(4, user="x"))
    assert pulled.counts["told"].late == 1


def test_samples_are_bounded_and_of_every_rule() -> None:
    body = {**MANY, "type": "temporal", "rules": ["a", "b"], "condition": {"gte": 2}}
    told = correlator(correlation(body), samples=4)
    feed(told, "a", *(event(number / 10, user="x") for number in range(100)))
    (hit,) = feed(told, "b", event(11, user="x"))
    assert hit.count == 101
    assert [each.time_us for each in hit.occurrences] == [9_800_000, 9_900_000, 11_000_000]


def test_the_state_of_a_rule_that_changed_is_left_out() -> None:
    told = correlation(MANY)
    first = correlator(told)
    feed(first, "a", event(1, user="x"), event(2, user="x"))
    second = correlator(replace(told, header=replace(told.header, digest="another")))
    second.restore(first.state(), 0)
    assert feed(second, "a", event(3, user="x")) == []


def test_a_huge_event_is_kept_short_in_the_state() -> None:
    first = correlator(correlation(MANY))
    feed(first, "a", event(1, user="x", text="y" * 1_000_000, many=["z"] * 1_000_000))
    assert sum(len(kept.document) for kept in first.state()) < 20_000


def test_circles_are_left_out_and_chains_are_in_order() -> None:
    bodies = {"outer": ["inner"], "inner": ["a"], "round": ["about"], "about": ["round"], "self": ["self"]}
    every = [correlation({**MANY, "id": name, "rules": rules}) for name, rules in bodies.items()]
    assert [each.header.id for each in in_feeding_order(every)] == ["inner", "outer"]


def test_a_backlog_of_several_sources_is_judged_when_all_of_it_was_fed() -> None:
    told = correlation({**MANY, "rules": ["a", "b"]})
    before = correlator(told)
    before.advance(1_000 * SECOND)
    feed(before, "a", event(990, user="x"))
    after = correlator(told)
    after.restore(before.state(), 1_000 * SECOND)
    after.arrive(9_000 * SECOND)
    feed(after, "a", *(event(1_000 + number, user="y") for number in range(5_000)))
    hits = feed(after, "b", event(1_001, user="x"), event(1_002, user="x"))
    assert [hit.count for hit in hits] == [3]
    after.advance(9_001 * SECOND)
    assert len(feed(after, "a", event(1_003, user="x"), event(1_064, user="x"))) == 0


def test_what_comes_on_top_of_a_hit_is_told_after_a_minute_at_most_and_survives_the_process() -> None:
    told = correlation({**MANY, "timespan": "1h"})
    first = correlator(told)
    first.advance(1_000 * SECOND)
    hits = feed(first, "a", *(event(990 + number, user="x") for number in range(8)))
    assert [(hit.count, hit.more) for hit in hits] == [(3, False)]
    second = correlator(told)
    second.restore(first.state(), 1_000 * SECOND)
    assert second.advance(1_059 * SECOND) == []
    feed(second, "a", event(1_000, user="x"))
    (more,) = second.advance(1_060 * SECOND)
    assert (more.count, more.more, [each.time_us for each in more.occurrences][-1]) == (6, True, 1_000 * SECOND)
    assert second.advance(2_000 * SECOND) == []


def test_more_of_a_hit_is_no_hit_to_a_correlation_over_it() -> None:
    inner = correlation({**MANY, "id": "inner"})
    outer = correlation({**MANY, "id": "outer", "rules": ["inner"], "condition": {"gte": 2}})
    both = Correlator([inner, outer], [rule("a")])
    hits = feed(both, "a", *(event(number, user="x") for number in range(50)))
    hits += both.flush()
    assert [(hit.rule.header.id, hit.count) for hit in hits] == [("inner", 3), ("inner", 47)]


def nested(depth: int) -> list[Any]:
    value: list[Any] = ["x"]
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [1e305, "9" * 300, -1e300, 2**70, "\ud800", nested(900), nested(3_000), {"a": "b"}])
def test_no_value_of_an_event_stops_a_correlation_or_its_state(value: Any) -> None:
    body = {"type": "value_sum", "rules": ["a"], "timespan": "5m", "condition": {"gte": 3, "field": "size"}}
    told = correlation({**body, "group-by": ["by"]})
    correlator = Correlator([told], [rule("a")])
    for number, amount in enumerate((1, value, 2)):
        event = {"size": amount, "by": "\udcff", "more": value}
        occurrence = Occurrence(event=event, shape="ecs", record=f"file:{number}", time_us=number * 1_000_000)
        correlator.feed(rule("a"), occurrence)
    again = Correlator([told], [rule("a")])
    again.restore(correlator.state(), 0)
    first, second = ([point.amount for point in points_of(each)] for each in (correlator, again))
    assert first == second
    assert (first[0], first[-1]) == (1_000_000, 2_000_000)


def points_of(correlator: Correlator) -> list[Point]:
    return [point for group in correlator._machines["told"].groups.values() for point in group.points]


@pytest.mark.parametrize("users", [1, 40])
def test_a_flood_within_a_window_waits_once_for_each_group(users: int) -> None:
    told = correlation({**MANY, "condition": {"lt": 3}})
    correlator = Correlator([told], [rule("a")], limits=Limits(groups=20))
    for number in range(5_000):
        correlator.feed(rule("a"), event(number / 1_000, user=str(number % users)))
    machine = correlator._machines["told"]
    assert len(machine._due) <= 2 * len(machine.groups) + 1_000
    assert len(machine._scheduled) == len(machine.groups)
