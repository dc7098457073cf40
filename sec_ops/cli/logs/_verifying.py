"""Whether the raw records are those that were sealed."""

from collections.abc import Iterable
from typing import Any

from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site
from sec_ops.siem.raw.verifying import RawVerdict, verify_raw

__all__ = ["verify_records"]


def verify_records(site: Site) -> Iterable[Outcome]:
    """Recompute the chain of every stream and compare it with the evidence log; exit 6 when it doesn't add up."""
    with evidence_of(site) as log:
        verdict = verify_raw(site.logs, log.entries())
    outcomes = (Outcome.EVIDENCE_BROKEN,) if verdict.faults else ()
    emit("sec-ops/logs-verify", _document(verdict), outcomes=outcomes, text=lambda: _text(verdict))
    return outcomes


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
