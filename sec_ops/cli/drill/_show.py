"""Rooms and doors of `drill show`, put together."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sec_ops.backup.record.record import open_record
from sec_ops.cli.drill._room import DrillRoom, past_drills
from sec_ops.cli.drill._shown import drill_document, drill_lines
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.drill_judgement import Judgement
from sec_ops.model.evidence import ReportExported
from sec_ops.model.outcome import Outcome
from sec_ops.reports.drill.words import drill_words
from sec_ops.runtime.language import language
from sec_ops.workflows.drills.judging import judged_drill
from sec_ops.workflows.drills.reading import ReadDrill, named_drill, read_drill

__all__ = ["show_drill"]


def show_drill(room: DrillRoom, name: str, report: Path | None) -> Iterable[Outcome]:
    """Show a sealed drill, and write its report where that is asked for."""
    site, base = room.site, room.room
    with evidence_of(site) as log:
        past = past_drills(site, log)
        read = read_drill(log, named_drill(past, name), site.runs)
        with open_record(site) as backups:
            judgement = judged_drill(read.whole, base.library, base.planned, backups, [each.drill for each in past])
        if report is not None:
            _written(log, room, read, judgement, report)
    outcomes = () if read.record.verdict == "passed" else (Outcome.FINDINGS,)
    words = drill_words(language(), base.zone)
    emit(
        "sec-ops/drill-show",
        drill_document(read, judgement, report),
        outcomes=outcomes,
        text=lambda: "\n".join(drill_lines(read, judgement, words, report)),
    )
    return outcomes


def _written(log: EvidenceLog, room: DrillRoom, read: ReadDrill, judgement: Judgement, report: Path) -> None:
    """Write the report and seal its digest."""
    from sec_ops.reports.drill.writing import write_report

    data = write_report(read.whole, judgement, report, language(), room.room.zone)
    entry = ReportExported(
        run=read.record.run,
        format=report.suffix[1:].lower(),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )
    log.append(ReportExported.kind, entry.model_dump(mode="json"))
