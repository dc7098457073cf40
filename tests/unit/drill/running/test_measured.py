"""Targets and losses of a system: the source that lost most counts, and unknown is never within."""

from datetime import UTC, datetime, timedelta

import pytest

from sec_ops.drill.measuring.loss import Basis, Loss
from sec_ops.drill.running.measured import Measured, lost_of, target_problems
from sec_ops.model.drill_record import SourceRecord

LOST = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


def source(name: str, *, heartbeat: float | None = None, data: float | None = None) -> SourceRecord:
    """Return a source whose heartbeat and data are so many seconds before the loss."""
    ago = {"heartbeat": heartbeat, "taken_at": data}
    moments = {key: (LOST - timedelta(seconds=value)).isoformat() for key, value in ago.items() if value is not None}
    return SourceRecord(source=name, kind="x", verdict="ok", **moments)


CASES = [
    ("the one source", [source("a", heartbeat=4)], {}, (Basis.HEARTBEAT, 4000)),
    ("a heartbeat rather than the age of data", [source("a", heartbeat=4, data=90)], {}, (Basis.HEARTBEAT, 4000)),
    ("the source that lost most", [source("a", heartbeat=4), source("b", data=900)], {}, (Basis.DATA, 900_000)),
    ("one that tells nothing", [source("a", heartbeat=4), source("b")], {}, (Basis.UNKNOWN, None)),
    ("no source", [], {}, (Basis.UNKNOWN, None)),
    (
        "a log feeds another",
        [source("a", heartbeat=4), source("b", data=900)],
        {"logs": ["b"]},
        (Basis.HEARTBEAT, 4000),
    ),
    (
        "a heartbeat that was promised and did not come back",
        [source("a", data=4), source("b", data=9)],
        {"beating": ["a"]},
        (Basis.UNKNOWN, None),
    ),
    ("a promise that was kept", [source("a", heartbeat=4)], {"beating": ["a"]}, (Basis.HEARTBEAT, 4000)),
    (
        "a log that beats with its base",
        [source("a", heartbeat=4), source("b", data=9)],
        {"beating": ["a", "b"], "logs": ["b"]},
        (Basis.HEARTBEAT, 4000),
    ),
    ("a row of the future", [source("a", heartbeat=-60)], {}, (Basis.UNKNOWN, None)),
    (
        "up to a chosen moment",
        [source("a", heartbeat=65), source("files", data=1)],
        {"until": LOST - timedelta(seconds=60)},
        (Basis.HEARTBEAT, 5000),
    ),
]


@pytest.mark.parametrize(("sources", "more", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_loss(sources: list[SourceRecord], more: dict[str, object], expected: tuple[Basis, int | None]) -> None:
    found = lost_of(sources, LOST, **more)  # type: ignore[arg-type]
    assert (found.basis, found.lost_ms) == expected


def loss(lost_ms: int | None, uncertain_ms: int = 0) -> Loss:
    return Loss(basis=Basis.UNKNOWN if lost_ms is None else Basis.DATA, lost_ms=lost_ms, uncertain_ms=uncertain_ms)


@pytest.mark.parametrize(
    ("rto", "rto_target", "lost", "rpo_target", "missed"),
    [
        (5000, 5000, loss(900), 900, 0),
        (5001, 5000, loss(900), None, 1),
        (5001, None, loss(901), 900, 1),
        (None, 5000, loss(None), None, 0),
        (1, 5000, loss(None), 900, 1),
        (1, 5000, loss(1500, 1000), 900, 1),
        (9000, 5000, loss(9000), 900, 2),
    ],
)
def test_targets(rto: int | None, rto_target: int | None, lost: Loss, rpo_target: int | None, missed: int) -> None:
    measured = Measured(rto_ms=rto, rto_target_ms=rto_target, loss=lost, rpo_target_ms=rpo_target)
    assert len(target_problems(measured)) == missed
