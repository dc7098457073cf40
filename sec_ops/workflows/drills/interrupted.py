"""The record of a drill that was killed, from what it had written down by then."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from sec_ops.drill.measuring.phases import Phase
from sec_ops.drill.running.journal import JOURNAL, Step, read_journal
from sec_ops.model.drill_record import DrillRecord, SystemRecord
from sec_ops.model.errors import EngineError, EvidenceBroken, UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.run import Run

__all__ = ["ASKED", "UnreadRecord", "record_after", "record_in", "stopped_system"]

ASKED = "asked.json"
"""The record as it stood before anything was done."""

_ORDER = [each.value for each in Phase]


class UnreadRecord(EngineError):
    """A file of a drill's run that is to be its record, and is none."""


def record_in(run: Run, name: str) -> DrillRecord:
    """Return the record that a file of an unsealed run holds; raises UnreadRecord, StorageError."""
    path = run.folder / name
    try:
        return DrillRecord.model_validate(run.read(name))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise _unread(path, why) from error
    except (EvidenceBroken, UsageError) as error:
        raise _unread(path, "") from error


def _unread(path: Path, why: str) -> UnreadRecord:
    what = message("{path} holds no record of a drill: its run is left as it is", path=str(path))
    advice = message("look at it, then move its folder away: mv {folder} .", folder=shlex.quote(str(path.parent)))
    return UnreadRecord(what, where=str(path), why=why, advice=advice)


def record_after(run: Run) -> DrillRecord:
    """Return the record of a run that was killed: as asked, with the phases its journal tells; its notes apart.

    Raises UnreadRecord when what was asked can't be read.
    """
    asked = record_in(run, ASKED)
    steps = read_journal(run.folder / JOURNAL)
    systems = tuple(stopped_system(each, steps, asked.lost_at) for each in asked.systems)
    return asked.model_copy(
        update={
            "ended": steps[-1].at if steps else asked.started,
            "verdict": "interrupted",
            "phase": _phase(steps, systems),
            "systems": systems,
        }
    )


def stopped_system(system: SystemRecord, steps: Sequence[Step], lost_at: str) -> SystemRecord:
    """Return what is known of a system: its phases up to the last step of the drill, and its end, if it had one."""
    own = [each for each in steps if each.system == system.system]
    ended = next((each for each in own if each.event == "ended"), None)
    until = ended or (steps[-1] if steps else None)
    begun = _begun([each for each in steps if each.system in ("", system.system)], lost_at)
    end_ms = _since(until.at, lost_at) if until else 0
    verdict = ended.verdict if ended and ended.verdict != "passed" else "interrupted"
    return system.model_copy(update={"begun": begun, "phases": _spent(begun, end_ms), "verdict": verdict})


def _phase(steps: Sequence[Step], systems: Iterable[SystemRecord]) -> str:
    """Return the phase the drill was in: the earliest of those its unfinished systems were in."""
    lasts = [max(each.begun, key=_ORDER.index) for each in systems if each.verdict == "interrupted" and each.begun]
    return min(lasts, key=_ORDER.index, default=next((each.phase for each in steps if each.phase), ""))


def _begun(steps: Iterable[Step], lost_at: str) -> Mapping[str, int]:
    begun = {Phase.DETECT.value: 0}
    for each in steps:
        if each.event == "phase" and each.phase in _ORDER and each.phase not in begun:
            begun[each.phase] = max(_since(each.at, lost_at), *begun.values())
    return begun


def _spent(begun: Mapping[str, int], end_ms: int) -> Mapping[str, int]:
    spent = dict.fromkeys(_ORDER, 0)
    starts = list(begun.items())
    ends = [moment for _phase, moment in starts[1:]] + [max(end_ms, starts[-1][1])]
    return spent | {phase: end - start for (phase, start), end in zip(starts, ends, strict=True)}


def _since(at: str, lost_at: str) -> int:
    return (datetime.fromisoformat(at) - datetime.fromisoformat(lost_at)) // timedelta(milliseconds=1)
