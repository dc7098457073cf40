"""What came of a pull, host by host and source by source: the document of its run and of `--json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sec_ops.model.canonical import canonical_json
from sec_ops.runtime.files import make_folder, write_atomically
from sec_ops.siem.collect.file_work import FileWork
from sec_ops.siem.collect.scope import HERE, Fetched
from sec_ops.siem.collect.works import Report, Work

__all__ = ["PULLS", "HostNote", "host_document", "host_state", "note_pull", "read_notes", "source_states"]

PULLS = "pulls.json"
"""In `var/state/`: what each host came to when it was last pulled. It may be lost; the runs say it too."""

NO_LOG = frozenset({"absent", "gone"})


def host_state(fetched: Fetched) -> str:
    """Return `collected`, `incomplete` (something could not be read) or `failed` (nothing could)."""
    pull = fetched.pull
    if not pull.visits or (pull.error and not any(report.records for report in pull.reports)):
        return "failed"
    states = [state for _, state in source_states(fetched)]
    return "incomplete" if pull.error or not pull.whole or any(state != "read" for state in states) else "collected"


def source_states(fetched: Fetched) -> list[tuple[str, str]]:
    """Return the state of each expected source: `read`, or the word of what kept a part of it from being read."""
    worst: dict[str, str] = {}
    for work, names in fetched.works:
        word = _word(work, fetched)
        for name in names:
            if name.startswith(f"{HERE}/") and word in NO_LOG:
                word = "read"
            if worst.get(name, "read") == "read":
                worst[name] = word
    return list(worst.items())


def host_document(fetched: Fetched) -> dict[str, Any]:
    """Return a host as the run's document has it; durations are milliseconds."""
    pull = fetched.pull
    error = pull.error
    return {
        "name": pull.target.name,
        "address": pull.target.address,
        "state": host_state(fetched),
        "error": error.name if error else None,
        "reason": str(error.what) if error else None,
        "elapsed_ms": pull.elapsed_ms,
        "visits": pull.visits,
        "clock_offset_ms": pull.clock_offset_ms,
        "expected": [{"name": name, "state": state} for name, state in source_states(fetched)],
        "sources": [_report(report) for report in pull.reports],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNote:
    """What a host came to when it was last pulled: when (RFC 3339), its clock's offset, expected sources to states."""

    at: str
    state: str
    reason: str = ""
    clock_offset_ms: int | None = None
    expected: Mapping[str, str] = field(default_factory=dict)


def note_pull(state: Path, document: Mapping[str, Any]) -> None:
    """Note in `var/state/` what the hosts of a pull came to; sources not asked for keep their note.

    Raises StorageError.
    """
    notes = read_notes(state)
    for host in document["hosts"]:
        before = notes.get(host["name"])
        states = {each["name"]: each["state"] for each in host["expected"]}
        notes[host["name"]] = HostNote(
            at=document["started_at"],
            state=host["state"],
            reason=host["reason"] or "",
            clock_offset_ms=host["clock_offset_ms"],
            expected={**(before.expected if before else {}), **states},
        )
    body = {name: asdict(each) for name, each in notes.items()}
    write_atomically(make_folder(state) / PULLS, canonical_json(body) + b"\n")


def read_notes(state: Path) -> dict[str, HostNote]:
    """Return what was noted of each host; what can't be read is as if it had not been noted."""
    try:
        document = json.loads((state / PULLS).read_bytes())
        return {name: HostNote(**each) for name, each in document.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _word(work: Work, fetched: Fetched) -> str:
    if not fetched.pull.visits or (fetched.pull.error and not fetched.pull.reports):
        return fetched.pull.error.name if fetched.pull.error else "unread"
    faults = [word for report in work.reports.values() for word, _ in report.faults]
    missing = work.missing if isinstance(work, FileWork) else ""
    return next(iter(faults), missing or "read")


def _report(report: Report) -> Mapping[str, Any]:
    return {
        "source": report.source,
        "path": report.path,
        "files": report.files,
        "records": report.records,
        "bytes": report.bytes,
        "cut_lines": report.cut,
        "gaps": [gap.document() for gap in report.gaps],
        "faults": [{"word": word, "path": path} for word, path in report.faults],
    }
