"""The day an event lies in: its own while that is plausible, else that of its receipt; in which folder."""

from typing import Any

import pytest

from sec_ops.siem.embedded.partitions import Partition, folder_of, partitioned
from sec_ops.siem.events import DATASET, TIME, Row
from sec_ops.siem.records import Place

DAY = 86_400_000_000
RECEIVED = 20_662 * DAY + 5  # 2026-07-28


@pytest.mark.parametrize(
    ("time", "day", "timely"),
    [
        (RECEIVED, "2026-07-28", True),
        (RECEIVED - DAY, "2026-07-27", True),
        (RECEIVED + DAY, "2026-07-29", True),
        (RECEIVED + 2 * DAY, "2026-07-28", False),
        (RECEIVED - 400 * DAY, "2025-06-23", True),
        (RECEIVED - 401 * DAY, "2026-07-28", False),
        (0, "2026-07-28", False),
        (-1, "2026-07-28", False),
        (2**63 - 1, "2026-07-28", False),
        (-(2**63), "2026-07-28", False),
        (2**80, "2026-07-28", True),
        ("yesterday", "2026-07-28", True),
        (None, "2026-07-28", True),
    ],
)
def test_days(time: Any, day: str, timely: bool):
    row = Row({TIME: time, "event.ingested": RECEIVED, DATASET: "sshd"}, Place("1", 1), 0)
    assert partitioned([row], 0) == {Partition("sshd", day, timely): [row]}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({}, Partition("unparsed", "2026-07-28")),
        ({DATASET: 5, "event.ingested": "soon"}, Partition("unparsed", "2026-07-28")),
        ({DATASET: ["a"], TIME: RECEIVED}, Partition("unparsed", "2026-07-28")),
        ({TIME: 0, "event.ingested": 0}, Partition("unparsed", "1970-01-01")),
        ({TIME: RECEIVED, "event.ingested": 2**63 - 1}, Partition("unparsed", "2026-07-28")),
    ],
)
def test_what_an_event_does_not_say(event: dict[str, Any], expected: Partition):
    row = Row(event, Place("1", 1), 0)
    assert partitioned([row], RECEIVED) == {expected: [row]}


def test_rows_of_one_partition_lie_together():
    rows = [
        Row({TIME: RECEIVED + n * DAY // 3, "event.ingested": RECEIVED, DATASET: "a"}, Place("1", 1), n)
        for n in range(9)
    ]
    groups = partitioned(rows, 0)
    assert [(partition.day, partition.timely, len(group)) for partition, group in groups.items()] == [
        ("2026-07-28", True, 3),
        ("2026-07-29", True, 3),
        ("2026-07-28", False, 3),
    ]


def test_folders():
    assert folder_of(Partition("nginx.access", "2026-07-28")) == "nginx.access/2026-07-28"
    odd = {folder_of(Partition(name, "d")) for name in ("", "A", "../x", ".tmp", "字", "a" * 200, "a/b")}
    assert len(odd) == 7
    assert all(len(folder) == 67 and folder.startswith("_") for folder in odd)
