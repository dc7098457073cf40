"""Phases add up to the time since the loss, whatever clock and order are tried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.drill.measuring.phases import Phase, PhaseClock

steps = st.lists(st.tuples(st.sampled_from(Phase), st.integers(-50, 10_000)), max_size=20)


@given(steps=steps, lost=st.integers(0, 10**9), ended=st.booleans())
def test_phases_sum_to_the_recovery_time(steps: list[tuple[Phase, int]], lost: int, ended: bool) -> None:
    now = [lost]
    clock = PhaseClock(lambda: now[0], lost)
    entered = {Phase.DETECT}
    for phase, step in steps:
        now[0] += step
        try:
            clock.enter(phase)
        except ValueError:
            continue
        entered.add(phase)
    if ended:
        clock.end()
    spent = clock.spent_ms()
    assert list(spent) == list(Phase)
    assert all(each >= 0 for each in spent.values())
    assert sum(spent.values()) == clock.recovery_ms()
    assert all(spent[phase] == 0 for phase in set(Phase) - entered)


def test_a_recovery_as_it_goes() -> None:
    moments = iter([3050, 3550, 5850, 7750, 12_650, 15_150])
    clock = PhaseClock(lambda: next(moments), 0)
    for phase in (Phase.SELECT, Phase.PROVISION, Phase.FETCH, Phase.LOAD, Phase.VERIFY):
        clock.enter(phase)
    clock.end()
    clock.end()
    assert clock.spent_ms()[Phase.DETECT] == 3050
    assert clock.spent_ms()[Phase.LOAD] == 4900
    assert clock.spent_ms()[Phase.DECIDE] == clock.spent_ms()[Phase.SWITCH] == 0
    assert clock.recovery_ms() == 15_150


def test_there_is_no_way_back() -> None:
    clock = PhaseClock(lambda: 10, 0)
    clock.enter(Phase.LOAD)
    with pytest.raises(ValueError, match="fetch"):
        clock.enter(Phase.FETCH)
    clock.end()
    with pytest.raises(ValueError, match="verify"):
        clock.enter(Phase.VERIFY)
