"""A pull as evidence: `backup.copy/1`."""

from typing import Any

from sec_ops.backup.copying.pulling import Pulled
from sec_ops.model.evidence_backup_copies import BackupCopy, CopiedSnapshot

__all__ = ["sealed_copy"]


def sealed_copy(system: str, source: str, target: str, pulled: Pulled) -> dict[str, Any]:
    """Return the entry's data."""
    return BackupCopy(
        system=system,
        source=source,
        target=target,
        verdict=pulled.judged.verdict.value,
        copied=tuple(
            CopiedSnapshot(run=each.run, source=each.source, part=each.part, original=each.original, copied=each.copy)
            for each in pulled.pairs
        ),
        there=pulled.there,
        left=pulled.left,
        held=(*pulled.waiting, *(each.run for each in pulled.held)),
        vanished=tuple(each.snapshot for each in pulled.vanished),
        future_dated=pulled.future,
    ).model_dump(mode="json")
