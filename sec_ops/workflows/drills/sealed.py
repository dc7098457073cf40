"""Drills as they were sealed. What was read of the log is kept, as the log only grows: the next look reads on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sec_ops.model.canonical import canonical_json
from sec_ops.model.evidence import Entry
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.runtime.files import make_folder, write_atomically

__all__ = ["SealedDrill", "sealed_drills"]

_FILE = "drills.json"


class _Log(Protocol):
    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDrill:
    """A drill, the number of its entry, and the digest of the blob that holds its record (empty: none)."""

    number: int
    blob: str
    drill: DrillRun


def sealed_drills(log: _Log, state: Path) -> tuple[SealedDrill, ...]:
    """Return all sealed drills, oldest first; `state` is a folder that may be lost. Raises EvidenceBroken.

    What was kept counts only while the entry it ends with is still the same; else the log is read from its beginning.
    """
    kept = _kept(state / _FILE)
    coming = log.entries(max(kept.read, 0))
    if kept.read >= 0 and _mark(next(coming, None)) != kept.mark:
        kept, coming = _NOTHING, log.entries()
    drills, last = list(kept.drills), None
    for last in coming:
        if last.kind == DrillRun.kind:
            blob = last.blob.sha256 if last.blob else ""
            drills.append(SealedDrill(number=last.seq, blob=blob, drill=DrillRun.model_validate(last.data)))
    if last is not None:
        _keep(state, _Kept(read=last.seq, mark=_mark(last), drills=tuple(drills)))
    return tuple(drills)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The drills up to the entry `read` (-1: none), by which `mark` the entry is known."""

    read: int
    mark: str
    drills: tuple[SealedDrill, ...]


_NOTHING = _Kept(read=-1, mark="", drills=())


def _mark(entry: Entry | None) -> str:
    return f"{entry.prev} {entry.t}" if entry else ""


def _kept(path: Path) -> _Kept:
    try:
        document = json.loads(path.read_bytes())
        drills = [
            SealedDrill(number=each["number"], blob=each["blob"], drill=DrillRun.model_validate(each["drill"]))
            for each in document["drills"]
        ]
        return _Kept(read=int(document["read"]), mark=str(document["mark"]), drills=tuple(drills))
    except (OSError, ValueError, KeyError, TypeError):
        return _NOTHING


def _keep(state: Path, kept: _Kept) -> None:
    rows = [
        {"number": each.number, "blob": each.blob, "drill": each.drill.model_dump(mode="json")} for each in kept.drills
    ]
    document = {"read": kept.read, "mark": kept.mark, "drills": rows}
    write_atomically(make_folder(state) / _FILE, canonical_json(document))
