"""Spans begin where people's clocks begin them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.model.errors import UsageError
from sec_ops.siem.spans import DAY_US, added_up, interval_of, piece_of, suitable, written_interval
from sec_ops.siem.storing import Bucket

HOUR = DAY_US // 24


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def begins(pieces: list[tuple[str, int]], interval: str, zone: str) -> list[tuple[str, int]]:
    buckets = added_up([Bucket(key=at(text), count=n) for text, n in pieces], interval_of(interval), ZoneInfo(zone))
    found = []
    for bucket in buckets:
        there = datetime.fromtimestamp(int(bucket.key or 0) / 1e6, UTC).astimezone(ZoneInfo(zone))
        found.append((there.strftime("%m-%d %H:%M"), bucket.count))
    return found


@pytest.mark.parametrize(
    ("pieces", "interval", "zone", "spans"),
    [
        ([], "1d", "UTC", []),
        (
            [("2026-11-25T15:45Z", 1), ("2026-11-25T16:00Z", 2), ("2026-11-27T00:00Z", 4)],
            "1d",
            "Asia/Shanghai",
            [("11-25 00:00", 1), ("11-26 00:00", 2), ("11-27 00:00", 4)],
        ),
        (
            [("2026-11-25T00:00Z", 1), ("2026-11-25T09:00Z", 1)],
            "3h",
            "Asia/Shanghai",
            [("11-25 06:00", 1), ("11-25 09:00", 0), ("11-25 12:00", 0), ("11-25 15:00", 1)],
        ),
        ([("2026-11-26T00:00Z", 1), ("2026-11-30T00:00Z", 1)], "1w", "UTC", [("11-23 00:00", 1), ("11-30 00:00", 1)]),
        ([("2026-11-25T18:15Z", 3)], "1h", "Asia/Kolkata", [("11-25 23:00", 3)]),
        (
            [("2026-10-25T00:30Z", 1), ("2026-10-25T01:30Z", 2), ("2026-10-25T02:30Z", 4)],
            "1h",
            "Europe/Berlin",
            [("10-25 02:00", 3), ("10-25 03:00", 4)],
        ),
        (
            [("1969-12-31T23:59:59Z", 1), ("1970-01-01T00:00Z", 1)],
            "1d",
            "UTC",
            [("12-31 00:00", 1), ("01-01 00:00", 1)],
        ),
    ],
)
def test_spans(pieces: list[tuple[str, int]], interval: str, zone: str, spans: list[tuple[str, int]]) -> None:
    assert begins(pieces, interval, zone) == spans


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 9)), max_size=20),
    st.sampled_from(["30m", "1h", "6h", "1d", "1w"]),
    st.sampled_from(["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/New_York"]),
)
def test_nothing_is_lost(pieces: list[tuple[int, int]], interval: str, zone: str) -> None:
    quarter = HOUR // 4
    buckets = added_up(
        [Bucket(key=at("2025-01-01T00:00Z") + number * quarter, count=n) for number, n in pieces],
        interval_of(interval),
        ZoneInfo(zone),
    )
    keys = [int(bucket.key or 0) for bucket in buckets]
    assert sum(bucket.count for bucket in buckets) == sum(n for _, n in pieces)
    assert keys == sorted(set(keys))
    assert not buckets or (buckets[0].count and buckets[-1].count)


def test_times_beyond_the_calendar_are_counted_too() -> None:
    far = 400_000_000_000_000_000
    assert added_up([Bucket(key=far, count=1)], DAY_US, ZoneInfo("Asia/Shanghai"))[0].count == 1


@pytest.mark.parametrize("text", ["1s", "10m", "1h", "1d", "1w", "90s", "36h"])
def test_intervals_are_written_as_they_are_read(text: str) -> None:
    assert interval_of(written_interval(interval_of(text))) == interval_of(text)
    assert interval_of(text) % piece_of(interval_of(text)) == 0


@pytest.mark.parametrize("text", ["", "0h", "1", "h", "1y", "-1h", "1.5h", "１h", "999999d"])
def test_other_intervals_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        interval_of(text)


@pytest.mark.parametrize(
    ("length", "interval"), [(0, "1s"), (60_000_000, "5s"), (HOUR, "5m"), (DAY_US, "1h"), (7 * DAY_US, "6h")]
)
def test_a_suitable_interval_gives_thirty_spans_or_fewer(length: int, interval: str) -> None:
    assert written_interval(suitable(0, length)) == interval
