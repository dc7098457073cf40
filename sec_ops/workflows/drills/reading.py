"""A drill of the past, read again: its record as it was sealed, and what people added to it afterwards."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from sec_ops.drill.noting import RECORD
from sec_ops.model.drill_record import DrillRecord, Note
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import Entry
from sec_ops.model.evidence_drill import DrillNote
from sec_ops.model.messages import message
from sec_ops.runtime.run import MANIFEST, Run
from sec_ops.workflows.drills.sealed import SealedDrill

__all__ = ["ReadDrill", "named_drill", "read_drill"]


class _Log(Protocol):
    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]: ...

    def read_blob(self, sha256: str) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDrill:
    """A sealed drill: the number of its entry, its record, and notes that were sealed after its end."""

    number: int
    record: DrillRecord
    added: tuple[Note, ...] = ()

    @property
    def whole(self) -> DrillRecord:
        """Return the record with what was added, as a report shows it."""
        return self.record.model_copy(update={"notes": (*self.record.notes, *self.added)})


def named_drill(drills: Sequence[SealedDrill], name: str) -> SealedDrill:
    """Return the sealed drill of a run by its name, a unique beginning or end of it, or `latest`; raises UsageError."""
    names = [each.drill.run for each in drills]
    if not names:
        advice = message("see what can be rehearsed: sec-ops drill plan")
        raise UsageError(message("no drill has come to its end here yet"), advice=advice)
    found = names[-1:] if name == "latest" else [each for each in names if each.startswith(name) or each.endswith(name)]
    if len(set(found)) != 1:
        what = message("no single run matches {name} ({count} do)", name=name, count=len(set(found)))
        raise UsageError(what, advice=message("name one of: {runs}", runs=", ".join(names[-5:])))
    return next(each for each in reversed(drills) if each.drill.run == found[0])


def read_drill(log: _Log, sealed: SealedDrill, runs: Path) -> ReadDrill:
    """Return a sealed drill from the evidence; what lies in its run's folder must be the same.

    Raises EvidenceBroken when the folder holds something else, UsageError when its blob was erased.
    """
    data = log.read_blob(sealed.blob)
    record = DrillRecord.model_validate(json.loads(data))
    run = Run(runs / sealed.drill.run)
    if (run.folder / RECORD).exists() and (run.folder / MANIFEST).exists():
        try:
            same = DrillRecord.model_validate(run.read(RECORD)) == record
        except ValidationError:
            same = False
        if not same:
            raise run.altered(RECORD)
    return ReadDrill(number=sealed.number, record=record, added=tuple(_added(log, sealed)))


def _added(log: _Log, sealed: SealedDrill) -> Iterator[Note]:
    """Return the notes that were sealed after the drill; one whose blob was erased is told by its kind alone."""
    for entry in log.entries(sealed.number + 1):
        if entry.kind == DrillNote.kind and entry.data.get("run") == sealed.drill.run:
            yield _note(log, entry)


def _note(log: _Log, entry: Entry) -> Note:
    try:
        if entry.blob is not None:
            return Note.model_validate(json.loads(log.read_blob(entry.blob.sha256)))
    except UsageError:
        pass
    data = DrillNote.model_validate(entry.data)
    return Note(kind=data.note, at=data.at, by="", text="")
