"""What the evidence log knows that a lost store no longer does: days that were let go, holds, segments."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sec_ops.model.evidence import Entry, LogHold, LogsDeleted
from sec_ops.model.log_hold import Hold
from sec_ops.siem.raw.salvage import Seals, seals_of

__all__ = ["Sealed", "read_sealed"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """Segments; by dataset and day, before when what was let go had been received (microseconds, UTC); holds."""

    seals: Seals
    let_go: Mapping[tuple[str, str], int]
    holds: tuple[Hold, ...]

    def was_let_go(self, dataset: str, day: str, received_us: int) -> bool:
        """Return whether retention let an event go: it must not come back."""
        return received_us < self.let_go.get((dataset, day), 0)


def read_sealed(entries: Iterable[Entry]) -> Sealed:
    """Return what entries of the evidence log say of logs."""
    listed = [entry for entry in entries if entry.kind.startswith("logs.")]
    let_go: dict[tuple[str, str], int] = {}
    holds: dict[str, Hold] = {}
    for entry in listed:
        if entry.kind == LogsDeleted.kind:
            deleted = LogsDeleted.model_validate(entry.data)
            before = int(dt.datetime.fromisoformat(deleted.received_before).timestamp() * 1_000_000)
            for dataset in deleted.datasets:
                let_go[dataset, deleted.day] = max(before, let_go.get((dataset, deleted.day), 0))
        elif entry.kind == LogHold.kind:
            _change(holds, LogHold.model_validate(entry.data), entry.t)
    return Sealed(seals_of(listed), let_go, tuple(holds.values()))


def _change(holds: dict[str, Hold], change: LogHold, when: str) -> None:
    if change.change == "lifted":
        if change.hold in holds:
            lifted = {"lifted": when, "lifted_by": change.person, "lifted_reason": change.reason}
            holds[change.hold] = holds[change.hold].model_copy(update=lifted)
        return
    holds[change.hold] = Hold(
        id=change.hold,
        case=change.case,
        reason=change.reason,
        person=change.person,
        placed=when,
        first_day=dt.date.fromisoformat(change.first_day),
        last_day=dt.date.fromisoformat(change.last_day),
        datasets=change.datasets,
        sources=change.sources,
    )
