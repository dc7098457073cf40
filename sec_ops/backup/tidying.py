"""What the record and the run folders no longer need: old attempts, snapshots gone long ago, sealed folders."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Verb
from sec_ops.runtime.run import MANIFEST, Run, remove_run, runs_before

__all__ = ["Tidied", "tidy"]

_VERB = "backup"
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """How many run folders and rows of the record went."""

    folders: int
    rows: int


def tidy(record: Record, runs: Path, *, days: int) -> Tidied:
    """Remove what is older than so many days and needed by nothing; raises StorageError.

    A folder goes when it was sealed and the evidence has its entry, or when nothing is in it. Of the record stays
    whatever a restore point that is still there is judged by, and the last attempt and the last good one of each kind.
    """
    before_ms = record.now_ms - days * _DAY_MS
    folders = 0
    for run in runs_before(runs, datetime.fromtimestamp(before_ms / 1000, UTC), verb=_VERB):
        if _sealed(run, record) or not any(run.folder.iterdir()):
            remove_run(run)
            folders += 1
    return Tidied(folders=folders, rows=record.shed(before_ms))


def _sealed(run: Run, record: Record) -> bool:
    endings = (each.ending for each in record.of_run(run.name) if each.verb is Verb.RUN)
    told = any(each is not None and each.evidence is not None for each in endings)
    return told and (run.folder / MANIFEST).is_file()
