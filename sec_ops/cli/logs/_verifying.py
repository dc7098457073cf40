"""Whether the raw records are those that were sealed, and the event files those that were written."""

from collections.abc import Iterable, Sequence
from typing import Any

from sec_ops.cli.logs._store import open_store
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site
from sec_ops.siem.embedded.health import DamagedFile, damage_text
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.raw.verifying import RawVerdict, verify_raw

__all__ = ["verify_records"]


def verify_records(site: Site) -> Iterable[Outcome]:
    """Recompute the chain of every stream and compare it with the evidence log; exit 6 when it doesn't add up.

    Event files are compared with the digests of the manifest: damaged ones can be made again, which is exit 3.
    """
    with evidence_of(site) as log:
        verdict = verify_raw(site.logs, log.entries())
    files, broken = _event_files(site)
    outcomes = [Outcome.EVIDENCE_BROKEN] if verdict.faults else []
    outcomes += [Outcome.INCOMPLETE] if broken else []
    body = _document(verdict) | {
        "event_files": files,
        "damaged_event_files": [{"path": each.file.path, "fault": each.fault.value} for each in broken],
    }
    emit("sec-ops/logs-verify", body, outcomes=outcomes, text=lambda: "\n".join([_text(verdict), *_files_text(broken)]))
    return outcomes


def _event_files(site: Site) -> tuple[int, list[DamagedFile]]:
    """Return how many event files there are, and the damaged ones; none where another store keeps the events."""
    with open_store(site, FieldTypes()) as store:
        if not isinstance(store, EmbeddedStore):
            return 0, []
        mending = store.mending()
        return mending.count(), mending.damaged()


def _files_text(broken: Sequence[DamagedFile]) -> list[str]:
    if not broken:
        return []
    what = damage_text([each.file.path for each in broken])
    advice = message("make their events again from the raw records: {command}", command="sec-ops logs rebuild")
    return [render(what), render(advice)]


def _document(verdict: RawVerdict) -> dict[str, Any]:
    return {
        "streams": verdict.streams,
        "segments": verdict.segments,
        "batches": verdict.batches,
        "records": verdict.records,
        "seals": verdict.sealed,
        "torn": [{"stream": stream, "segment": segment} for stream, segment in verdict.torn],
        "faults": [
            {"stream": each.stream, "segment": each.segment, "reason": render(each.reason)} for each in verdict.faults
        ],
    }


def _text(verdict: RawVerdict) -> str:
    lines = [f"{each.stream}/{each.segment}: {render(each.reason)}" for each in verdict.faults]
    lines += [_("{place}: a torn end, never acknowledged to anybody").format(place=f"{s}/{n}") for s, n in verdict.torn]
    counts = {"records": verdict.records, "segments": verdict.segments, "streams": verdict.streams}
    if verdict.faults:
        lines.append(_("the raw records are not those that were sealed; restore var/logs from its backup"))
    else:
        sound = _("{records} records in {segments} segments of {streams} streams: chained, and as {seals} seals say")
        lines.append(sound.format(**counts, seals=verdict.sealed))
    return "\n".join(lines)
