"""Order of time: the same events come out as went in, sorted, whether memory held them or not."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.detection.run.ordering import FoundEvent, TimeOrder

VALUES = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.text() | st.sampled_from(["\ud800", "a\nb"])
FOUND = st.builds(
    FoundEvent,
    rules=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    shape=st.sampled_from(["ecs", "windows_flat"]),
    record=st.text(max_size=5),
    time_us=st.none() | st.integers(-5, 5),
    event=st.dictionaries(st.text(max_size=3), VALUES | st.lists(VALUES, max_size=2), max_size=3),
)


def order(found: FoundEvent) -> tuple[bool, Any]:
    return found.time_us is None, found.time_us or 0


@given(st.lists(FOUND, max_size=30), st.sampled_from([1, 200, 1_000_000]))
def test_what_comes_out_is_what_went_in_by_time(given_events: list[FoundEvent], bound: int):
    with TimeOrder(bound) as ordered:
        for each in given_events:
            ordered.add(each)
        assert list(ordered) == sorted(given_events, key=order)
