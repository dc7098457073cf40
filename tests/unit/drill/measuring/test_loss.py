"""Loss is counted from the last row that came back; what clocks and beats leave open is said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.drill.measuring.loss import Basis, Loss, loss_of

LOST = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def before(seconds: float) -> datetime:
    return LOST - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("heartbeat", "data_of", "offset_ms", "expected"),
    [
        (before(17.9), before(30), 0, (Basis.HEARTBEAT, 17_900, 1000)),
        (None, before(30), 0, (Basis.DATA, 30_000, 0)),
        (None, None, 0, (Basis.UNKNOWN, None, 0)),
        (before(10), None, 2_000, (Basis.HEARTBEAT, 12_000, 1000)),
        (before(10), None, -2_000, (Basis.HEARTBEAT, 8_000, 1000)),
        (before(-0.4), None, 0, (Basis.HEARTBEAT, 0, 1000)),
        (before(-60), None, 0, (Basis.UNKNOWN, None, 0)),
    ],
)
def test_what_was_lost(
    heartbeat: datetime | None,
    data_of: datetime | None,
    offset_ms: int,
    expected: tuple[Basis, int | None, int],
) -> None:
    loss = loss_of(LOST, heartbeat=heartbeat, data_of=data_of, offset_ms=offset_ms)
    assert (loss.basis, loss.lost_ms, loss.uncertain_ms) == expected


@pytest.mark.parametrize(
    ("lost_ms", "uncertain_ms", "within"),
    [(900, 0, True), (1000, 600, True), (1001, 0, False), (1001, 600, None), (1600, 600, None), (1601, 600, False)],
)
def test_it_is_within_the_target_only_when_nothing_leaves_that_open(
    lost_ms: int, uncertain_ms: int, within: bool | None
) -> None:
    assert Loss(basis=Basis.HEARTBEAT, lost_ms=lost_ms, uncertain_ms=uncertain_ms).within(1000) is within
    assert Loss(basis=Basis.UNKNOWN).within(1000) is None


@given(committed=st.integers(0, 10**7), phase=st.integers(0, 999), offset=st.integers(-60_000, 60_000))
def test_the_truth_lies_within_what_is_said(committed: int, phase: int, offset: int) -> None:
    """A row is written each second; the last one that came back was written `committed` ms before the loss."""
    truth = LOST - timedelta(milliseconds=committed)
    beat = truth - timedelta(milliseconds=phase)
    loss = loss_of(LOST, heartbeat=beat + timedelta(milliseconds=offset), data_of=None, offset_ms=offset)
    assert loss.lost_ms is not None
    assert loss.lost_ms - loss.uncertain_ms <= committed <= loss.lost_ms
