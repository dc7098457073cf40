"""When jobs are due, beside what systemd reckons from the units we write."""

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.model.job import WEEKDAYS, Timing
from sec_ops.schedule.install.systemd import on_calendar
from sec_ops.schedule.timing import last_due, missed_between, next_due

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda each: f"{each[0]:02d}:{each[1]:02d}")
TIMINGS = st.one_of(
    st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]).map(lambda each: Timing(every_minutes=each)),
    st.sampled_from([1, 2, 3, 4, 6, 8, 12]).map(lambda each: Timing(every_hours=each)),
    CLOCKS.map(lambda each: Timing(daily=each)),
    st.tuples(st.sampled_from(WEEKDAYS), CLOCKS).map(lambda each: Timing(weekly=f"{each[0]} {each[1]}")),
)
FIRST, LAST = datetime(2024, 1, 1), datetime(2032, 1, 1)  # noqa: DTZ001 - the strategy adds the zone
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
ZONES = st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("timing", "now", "last", "following"),
    [
        ({"every_minutes": 5}, "2026-11-26T00:04:59Z", "2026-11-26T00:00:00Z", "2026-11-26T00:05:00Z"),
        ({"every_minutes": 5}, "2026-11-26T00:05:00Z", "2026-11-26T00:05:00Z", "2026-11-26T00:10:00Z"),
        ({"every_hours": 12}, "2026-11-26T01:00:00Z", "2026-11-25T16:00:00Z", "2026-11-26T04:00:00Z"),
        ({"daily": "02:30"}, "2026-11-26T00:00:00+08:00", "2026-11-25T02:30:00+08:00", "2026-11-26T02:30:00+08:00"),
        ({"weekly": "sun 03:00"}, "2026-11-26T00:00:00Z", "2026-11-22T03:00:00+08:00", "2026-11-29T03:00:00+08:00"),
    ],
)
def test_due_instants(timing: dict[str, object], now: str, last: str, following: str) -> None:
    chosen = Timing.model_validate(timing)
    assert last_due(chosen, at(now), SHANGHAI) == at(last)
    assert next_due(chosen, at(now), SHANGHAI) == at(following)


@pytest.mark.parametrize(
    ("day", "clock", "due"),
    [
        ("2026-03-29", "02:30", "2026-03-29T01:30:00Z"),  # the clock jumps from 02:00 to 03:00: 03:30 by it
        ("2026-10-25", "02:30", "2026-10-25T00:30:00Z"),  # 02:30 comes twice: the first
    ],
)
def test_changes_of_the_clock(day: str, clock: str, due: str) -> None:
    evening = datetime.fromisoformat(f"{day}T20:00:00+00:00")
    assert last_due(Timing(daily=clock), evening, BERLIN) == at(due)


@given(timing=TIMINGS, now=MOMENTS, zone=ZONES)
def test_last_and_next_enclose_now(timing: Timing, now: datetime, zone: ZoneInfo) -> None:
    last, following = last_due(timing, now, zone), next_due(timing, now, zone)
    assert last <= now < following
    assert last_due(timing, following, zone) == following
    assert last_due(timing, following - timedelta(microseconds=1), zone) == last
    assert missed_between(timing, last, following, zone) == 0


@given(timing=TIMINGS, now=MOMENTS, steps=st.integers(1, 6))
def test_missed_instants_are_counted(timing: Timing, now: datetime, steps: int) -> None:
    first = last_due(timing, now, SHANGHAI)
    later = first
    for _ in range(steps):
        later = next_due(timing, later, SHANGHAI)
    assert missed_between(timing, first, later, SHANGHAI) == steps - 1


@pytest.mark.parametrize(
    "values", [{}, {"daily": "24:00"}, {"daily": "2:30"}, {"weekly": "sunday 03:00"}, {"every_minutes": 7}]
)
def test_timings_that_can_not_be(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Timing.model_validate(values)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (package systemd)")
@settings(max_examples=25, deadline=None)
@given(timing=TIMINGS, now=MOMENTS)
def test_systemd_reckons_the_same(timing: Timing, now: datetime) -> None:
    calendar = on_calendar(timing, SHANGHAI.key)
    base = now.strftime("%Y-%m-%d %H:%M:%S UTC")
    command = ["systemd-analyze", "calendar", f"--base-time={base}", calendar]
    environment = {"TZ": "UTC", "LC_ALL": "C", "SYSTEMD_COLORS": "0", "PATH": "/usr/bin:/bin"}
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    elapse = re.search(r"(?:\(in UTC\)|Next elapse): \w+ ([-\d]+ [:\d]+) UTC", shown)
    assert elapse, shown
    whole_second = now.replace(microsecond=0)
    assert datetime.fromisoformat(f"{elapse[1]}+00:00") == next_due(timing, whole_second, SHANGHAI)
