"""Writes the report of a drill to a file, in the format that the file's name says."""

from pathlib import Path
from zoneinfo import ZoneInfo

from sec_ops.model.drill_judgement import Judgement
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.reports.drill.paper import drill_paper
from sec_ops.runtime.files import write_atomically

__all__ = ["FORMATS", "drill_report", "write_report"]

FORMATS = ("html", "pdf", "docx")


def write_report(record: DrillRecord, judgement: Judgement, path: Path, language: str, zone: ZoneInfo) -> bytes:
    """Write the report to `path`, whose ending names the format, and return its bytes, for their digest.

    Raises UsageError for another ending, ProgramMissing when a PDF lacks its font, StorageError.
    """
    data = drill_report(record, judgement, path.suffix[1:].lower(), language, zone)
    write_atomically(path, data)
    return data


def drill_report(record: DrillRecord, judgement: Judgement, form: str, language: str, zone: ZoneInfo) -> bytes:
    """Return the report in a format; raises UsageError for one that isn't known, ProgramMissing."""
    if form not in FORMATS:
        what = message("a report of a drill has no format {form}", form=form or "?")
        raise UsageError(what, advice=message("known formats: {forms}", forms=", ".join(FORMATS)))
    paper = drill_paper(record, judgement, language, zone)
    if form == "html":
        from sec_ops.reports.html.paper import render_paper

        return render_paper(paper)
    if form == "pdf":
        from sec_ops.reports.pdf import render_pdf

        return render_pdf(paper)
    from sec_ops.reports.docx import render_docx

    return render_docx(paper)
