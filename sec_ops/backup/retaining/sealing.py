"""Holds and what was dropped, as evidence."""

from collections.abc import Sequence
from typing import Any

from sec_ops.backup.record.values import Hold
from sec_ops.backup.retaining.forgetting import Dropped, Forget, Forgotten
from sec_ops.backup.retaining.signs import Raised
from sec_ops.model.evidence_backup_copies import BackupForget, BackupHold, DroppedRun, RaisedSign

__all__ = ["sealed_forget", "sealed_hold", "sealed_lift"]


def sealed_hold(hold: Hold, signs: Sequence[Raised]) -> dict[str, Any]:
    """Return the entry's data for a run held."""
    raised = tuple(RaisedSign(part=each.part, sign=each.sign.value, numbers=str(each.why)) for each in signs)
    return _hold(hold, "held", str(hold.reason), signs=raised)


def sealed_lift(hold: Hold) -> dict[str, Any]:
    """Return the entry's data for a hold that a person lifted."""
    return _hold(hold, "lifted", hold.lifted_why, person=hold.lifted_by)


def sealed_forget(asked: Forget, done: Forgotten) -> dict[str, Any]:
    """Return the entry's data for a `forget`."""
    return BackupForget(
        system=asked.system,
        repository=asked.restic.repository.id,
        verdict=done.judged.verdict.value,
        rule=asked.rule.model_dump(),
        kept=len(done.decided.kept) if done.decided else 0,
        dropped=tuple(_dropped(each) for each in done.dropped),
        held=bool(done.holds),
    ).model_dump(mode="json")


def _dropped(each: Dropped) -> DroppedRun:
    return DroppedRun(run=each.point.run, snapshots=each.point.ids, gone=each.gone)


def _hold(hold: Hold, change: str, reason: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the model
    return BackupHold.model_validate(
        {"change": change, "system": hold.system, "repository": hold.repository, "run": hold.run, "reason": reason}
        | more
    ).model_dump(mode="json")
