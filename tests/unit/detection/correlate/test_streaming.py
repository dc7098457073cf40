"""Streaming tells what the reference says of the whole list, however late events come within the lateness."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sec_ops.detection.alerts.grouping import same_names
from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.correlate.limits import Counts, Limits
from sec_ops.detection.correlate.points import monotone
from sec_ops.detection.correlate.reference import Finding, filled_at, findings
from sec_ops.detection.correlate.taking import Taken, folded, take_in
from sec_ops.detection.correlate.values import Found, by_rule, found_by
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Aggregate, Correlation, Order, Rule, Together
from tests.unit.detection.correlate.support import correlation, header, rule

SECOND = 1_000_000
LATENESS_S = 20
LIMITS = Limits(lateness_us=LATENESS_S * SECOND)
RULES = ("a", "b", "c")
TEMPORAL = (Aggregate.TEMPORAL, Aggregate.TEMPORAL_ORDERED)

Arrival = tuple[int, Rule, Occurrence]
"""When it comes (microseconds), which rule found it, what."""


def bare(time_s: int) -> Occurrence:
    return Occurrence(event={}, shape="ecs", record=f"file:{time_s}", time_us=time_s * SECOND)


@st.composite
def alternatives(draw: st.DrawFn, rules: Sequence[str]) -> tuple[Together, ...]:
    """Return some ways in which a condition in words holds, often none."""
    found = []
    for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
        there = draw(st.lists(st.sampled_from(rules), min_size=1, unique=True))
        others = [rule for rule in rules if rule not in there]
        without = tuple(rule for rule in others if draw(st.booleans()))
        found.append(Together(rules=tuple(rule for rule in rules if rule in there), without=without))
    return tuple(found)


@st.composite
def correlations(draw: st.DrawFn) -> Correlation:
    aggregate = draw(st.sampled_from(Aggregate))
    rules = draw(st.permutations(RULES).map(lambda names: tuple(names[: draw(st.integers(1, 3))])))
    return Correlation(
        header=header("told"),
        aggregate=aggregate,
        rules=rules,
        span_s=draw(st.integers(1, 30)),
        group_by=draw(st.sampled_from([(), ("user",), ("user", "host")])),
        order=draw(st.sampled_from(Order)),
        threshold=draw(st.integers(1, 5)) if aggregate not in TEMPORAL else draw(st.integers(1, len(rules))),
        fields=() if aggregate in (*TEMPORAL, Aggregate.EVENT_COUNT) else ("value",),
        percentile=draw(st.integers(0, 100)),
        alternatives=draw(alternatives(rules)) if aggregate in TEMPORAL else (),
    )


@st.composite
def arrivals(draw: st.DrawFn, lateness_s: int = LATENESS_S) -> Sequence[Arrival]:
    """Return events in order of arrival, none later than the lateness."""
    events = st.fixed_dictionaries(
        {},
        optional={
            "user": st.sampled_from(["x", "X", "y", ["x", "y"]]),
            "host": st.just("h"),
            "value": st.sampled_from([0, 1, 2, "3", 4.5, [1, 2], "text", None]),
        },
    )
    times = st.tuples(st.integers(0, 90), st.integers(0, lateness_s))
    drawn = draw(st.lists(st.tuples(times, st.sampled_from(RULES), events), max_size=40))
    found = [
        (
            (time_s + late_s) * SECOND,
            rule(name),
            Occurrence(event=event, shape="ecs", record=f"file:{number}", time_us=time_s * SECOND),
        )
        for number, ((time_s, late_s), name, event) in enumerate(drawn)
    ]
    return sorted(found, key=lambda each: each[0])


def run(told: Correlation, events: Sequence[Arrival], limits: Limits = LIMITS) -> list[Hit]:
    correlator = Correlator([told], [rule(name) for name in RULES], limits=limits)
    hits: list[Hit] = []
    for arrived_us, by, occurrence in events:
        hits += correlator.advance(arrived_us)
        hits += correlator.feed(by, occurrence)
    return [*hits, *correlator.advance(1_000 * SECOND)]


def found_in(events: Sequence[Arrival]) -> list[Found]:
    return [found_by(by.header.id, occurrence, occurrence.time_us or 0) for _, by, occurrence in events]


def places(hits: Sequence[Hit]) -> list[Finding]:
    return sorted(
        Finding(group=folded(tuple(value for _, value in hit.group)), time_us=hit.occurrences[-1].time_us or 0)
        for hit in hits
        if not hit.more
    )


def assert_same(told: Correlation, hits: Sequence[Hit], wanted: Sequence[Finding]) -> None:
    """Compare groups and times; of whole windows the last event that is shown may be half a span before the last."""
    found = places(hits)
    assert [each.group for each in found] == [each.group for each in wanted]
    coarse_us = 0 if monotone(told) else told.span_s * SECOND // 2
    for one, other in zip(found, wanted, strict=True):
        assert other.time_us - coarse_us <= one.time_us <= other.time_us


@example(
    told=Correlation(
        header=header("told"),
        aggregate=Aggregate.TEMPORAL,
        rules=("a",),
        span_s=26,
        order=Order.AT_MOST,
    ),
    events=[(at * SECOND, rule("a"), bare(at)) for at in (1, 26, 27, 28)],
)
@given(told=correlations(), events=arrivals(lateness_s=0))
@settings(max_examples=150)
def test_in_order_it_tells_exactly_what_the_reference_says(told: Correlation, events: Sequence[Arrival]) -> None:
    assert_same(told, run(told, events), findings(told, found_in(events)))


@given(correlations().filter(lambda each: not monotone(each)), arrivals())
@settings(max_examples=100)
def test_whole_windows_are_the_reference_s_in_any_order(told: Correlation, events: Sequence[Arrival]) -> None:
    assert_same(told, run(told, events), findings(told, found_in(events)))


@given(correlations().filter(monotone), arrivals())
@settings(max_examples=200)
def test_told_at_once_is_never_false_and_never_missed(told: Correlation, events: Sequence[Arrival]) -> None:
    span_us = told.span_s * SECOND
    filled, hits = filled_at(told, found_in(events)), places(run(told, events))
    for hit in hits:
        near = [each for each in filled if each.group == hit.group and abs(each.time_us - hit.time_us) <= span_us]
        assert near, "it tells only near an event that completes a window"
    for each in filled:
        assert any(hit.group == each.group and abs(hit.time_us - each.time_us) <= span_us for hit in hits)


@given(correlations().filter(monotone), arrivals())
@settings(max_examples=200)
def test_every_event_near_a_hit_is_told_once(told: Correlation, events: Sequence[Arrival]) -> None:
    threshold = min(told.threshold, 1 if told.aggregate in TEMPORAL else 5)
    told = replace(told, rules=told.rules[:1], alternatives=(), threshold=threshold)
    hits = run(told, events)
    near = Counter(
        group
        for found in found_in(events)
        if found.rule in told.rules and (taken := take(told, found))
        for group in map(folded, taken.groups)
        if any(hit.group == group and abs(hit.time_us - found.time_us) <= told.span_s * SECOND for hit in places(hits))
    )
    counted: Counter[tuple[str, ...]] = Counter()
    for hit in hits:
        counted[folded(tuple(value for _, value in hit.group))] += hit.count
    assert counted == near


def take(told: Correlation, found: Found) -> Taken | None:
    return take_in(told, found, names=by_rule(same_names, {}), limits=LIMITS, counts=Counts(), now_us=0)


@given(correlations(), arrivals())
def test_without_a_clock_the_end_of_a_list_settles_everything(told: Correlation, events: Sequence[Arrival]) -> None:
    correlator = Correlator([told], [rule(name) for name in RULES], limits=LIMITS)
    hits = [hit for _, by, occurrence in events for hit in correlator.feed(by, occurrence)]
    hits += correlator.flush()
    wanted = {each.group for each in findings(told, found_in(events))}
    assert {each.group for each in places(hits)} == wanted


@given(st.lists(correlations(), min_size=1, max_size=1), arrivals(), st.data())
def test_state_taken_up_by_another_process_changes_nothing(
    told: list[Correlation], events: Sequence[Arrival], data: Any
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    rules = [rule(name) for name in RULES]
    first = Correlator(told, rules, limits=LIMITS)
    hits: list[Hit] = []
    kept: dict[str, Any] = {}
    for number, (arrived_us, by, occurrence) in enumerate(events):
        hits += first.advance(arrived_us)
        hits += first.feed(by, occurrence)
        if number + 1 == cut:
            kept.update({each.key: each for each in first.changes()})
            first = Correlator(told, rules, limits=LIMITS)
            first.restore([each for each in kept.values() if each.document], arrived_us)
    hits += first.advance(1_000 * SECOND)
    assert places(hits) == places(run(told[0], events))


def test_correlation_of_support_is_what_sigma_writes() -> None:
    assert correlation({"type": "temporal", "rules": ["a", "b"], "timespan": "2m"}).threshold == 2
