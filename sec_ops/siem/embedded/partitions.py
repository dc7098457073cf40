"""Which day of which dataset an event belongs to.

The day is the UTC day of the event's own time while that is at most 400 days before and one after that of its receipt;
an event that claims another time (1970, 2038, a wrong clock, an old archive) lies in the day of its receipt, in files
of its own. It is found by its own time all the same: the manifest keeps each file's first and last time.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeVar

from sec_ops.siem.events import DATASET, TIME, UNPARSED, Event, Row
from sec_ops.siem.packing import Numbers
from sec_ops.siem.tables import Table

__all__ = [
    "DAY_US",
    "INGESTED",
    "Partition",
    "day_text",
    "folder_of",
    "partitioned",
    "parts",
    "receipts",
    "received_us",
    "time_us",
    "times",
]

INGESTED = "event.ingested"
DAY_US = 86_400_000_000
_DAYS_BEFORE, _DAYS_AFTER = 400, 1
_Key = tuple[object, object, object]
_T = TypeVar("_T")
_EPOCH = date(1970, 1, 1)
_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_BOUND = 2**63


@dataclass(frozen=True, slots=True)
class Partition:
    """A day (UTC, `2026-11-26`) of a dataset; events that aren't `timely` have files of their own."""

    dataset: str
    day: str
    timely: bool = True


def partitioned(rows: Sequence[Row], now_us: int) -> Mapping[Partition, list[Row]]:
    """Return rows by partition; `now_us` is the receipt of events that don't name theirs."""
    groups: dict[_Key, list[Row]] = {}
    for row in rows:
        event = row.event
        try:
            key: _Key = (event[DATASET], event[TIME] // DAY_US, event[INGESTED] // DAY_US)  # type: ignore[operator]
            group = groups.get(key)
        except (KeyError, TypeError):
            key = (_named(event.get(DATASET)), time_us(event, now_us) // DAY_US, received_us(event, now_us) // DAY_US)
            group = groups.get(key)
        if group is None:
            groups[key] = [row]
        else:
            group.append(row)
    found: dict[Partition, list[Row]] = {}
    for group in groups.values():
        found.setdefault(_partition(group[0].event, now_us), []).extend(group)
    return found


def parts(tables: Sequence[Table], now_us: int) -> Mapping[Partition, list[Table]]:
    """Return tables by partition, those of several days in pieces."""
    found: dict[Partition, list[Table]] = {}
    for table in tables:
        for partition, part in _parts(table, now_us):
            found.setdefault(partition, []).append(part)
    return found


def _parts(table: Table, now_us: int) -> Iterator[tuple[Partition, Table]]:
    datasets = _each(table, DATASET, _named)
    happened, received = times(table, now_us), receipts(table, now_us)
    if len(set(datasets)) == 1 and _is_one_day(happened, received):
        yield _of_days(datasets[0], happened[0] // DAY_US, received[0] // DAY_US), table
        return
    rows: dict[Partition, list[int]] = {}
    for row, (dataset, then, here) in enumerate(zip(datasets, happened, received, strict=True)):
        rows.setdefault(_of_days(dataset, then // DAY_US, here // DAY_US), []).append(row)
    for partition, some in rows.items():
        yield partition, table.take(some)


def _is_one_day(happened: Sequence[int], received: Sequence[int]) -> bool:
    """Return whether all lie in one day, by their own times, or by their receipt since none of these is timely."""
    first, last, day = min(happened) // DAY_US, max(happened) // DAY_US, min(received) // DAY_US
    together = first == last or last < day - _DAYS_BEFORE or first > day + _DAYS_AFTER
    return together and max(received) // DAY_US == day


def _of_days(dataset: str, day: int, received: int) -> Partition:
    timely = received - _DAYS_BEFORE <= day <= received + _DAYS_AFTER
    return Partition(dataset, day_text(day if timely else received), timely)


def _partition(event: Event, now_us: int) -> Partition:
    received, day = received_us(event, now_us) // DAY_US, time_us(event, now_us) // DAY_US
    return _of_days(_named(event.get(DATASET)), day, received)


def times(table: Table, now_us: int) -> Sequence[int]:
    """Return when the events of a table happened, as `time_us` does."""
    column = table.columns.get(TIME)
    if isinstance(column, Numbers) and column.present is None:
        return column.data
    return list(map(_happened, table.values(TIME), receipts(table, now_us)))


def receipts(table: Table, now_us: int) -> Sequence[int]:
    """Return when the events of a table were received, as `received_us` does."""
    return _each(table, INGESTED, lambda value: _received(value, now_us))


def _each(table: Table, name: str, read: Callable[[object], _T]) -> list[_T]:
    """Return what is read of each value of a field; of a value that all events share, once."""
    if name in table.columns:
        return [read(value) for value in table.values(name)]
    return [read(table.constants.get(name))] * len(table)


def received_us(event: Event, now_us: int) -> int:
    """Return when an event was received, microseconds."""
    return _received(event.get(INGESTED), now_us)


def time_us(event: Event, now_us: int) -> int:
    """Return when an event happened as it says; ECS asks for the time of receipt where it doesn't say."""
    return _happened(event.get(TIME), received_us(event, now_us))


def _received(value: object, now_us: int) -> int:
    return value if type(value) is int and 0 <= value < 2**57 else now_us


def _happened(value: object, received_us: int) -> int:
    return value if type(value) is int and -_BOUND <= value < _BOUND else received_us


def folder_of(partition: Partition) -> str:
    """Return the folder of a partition below that of all events; a dataset's name may hold anything."""
    safe = _SAFE_NAME.fullmatch(partition.dataset)
    name = partition.dataset if safe else "_" + hashlib.sha256(partition.dataset.encode(errors="replace")).hexdigest()
    return f"{name}/{partition.day}"


@lru_cache(maxsize=4096)
def day_text(day: int) -> str:
    """Return the text of a day counted from 1970."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def _named(dataset: object) -> str:
    return dataset if type(dataset) is str and dataset else UNPARSED
