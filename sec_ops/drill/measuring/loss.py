"""What was lost 数据丢失: from the last row that came back to the moment of loss, not from a snapshot's age."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = ["Basis", "Loss", "loss_of"]


class Basis(StrEnum):
    """What the loss is counted from."""

    HEARTBEAT = "heartbeat"
    DATA = "data"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """At most so many milliseconds lost, and less by `uncertain_ms` at best; None where nothing tells.

    Between the last heartbeat that came back and the next, which did not, other rows may have come back too: so the
    loss may be one beat less. By the data's own moment nothing tells of the time after it.
    """

    basis: Basis
    lost_ms: int | None = None
    uncertain_ms: int = 0

    def within(self, target_ms: int) -> bool | None:
        """Return whether no more was lost than may be, None when that can't be told."""
        if self.lost_ms is None:
            return None
        if self.lost_ms <= target_ms:
            return True
        return False if self.lost_ms - self.uncertain_ms > target_ms else None


def loss_of(
    lost_at: datetime,
    *,
    heartbeat: datetime | None,
    data_of: datetime | None,
    offset_ms: int = 0,
    beat_ms: int = 1000,
) -> Loss:
    """Return what was lost; `lost_at` and both moments are aware UTC.

    `heartbeat` is the last row that came back, by the clock of where it was written, which went `offset_ms` ahead of
    ours (behind when negative); `data_of` is the moment the restore point stands for, by the same clock. A row that is
    later than the loss by more than clocks explain tells nothing.
    """
    known = heartbeat or data_of
    if known is None:
        return Loss(basis=Basis.UNKNOWN)
    basis = Basis.HEARTBEAT if heartbeat else Basis.DATA
    lost_ms = (lost_at - (known - timedelta(milliseconds=offset_ms))) // timedelta(milliseconds=1)
    if lost_ms < -beat_ms:
        return Loss(basis=Basis.UNKNOWN)
    return Loss(basis=basis, lost_ms=max(lost_ms, 0), uncertain_ms=beat_ms if heartbeat else 0)
