"""Writes the rows into a workbook; text from hosts is text there, never a formula."""

import io
from datetime import UTC, datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from sec_ops.model.audit import AuditResult
from sec_ops.model.text import printable
from sec_ops.model.verdict import Verdict
from sec_ops.reports.words import words
from sec_ops.reports.xlsx.rows import CELL_BOUND, Sheet, sheets

__all__ = ["render_xlsx"]

_FILLS = {
    Verdict.COMPLIANT: "#DDF1E8",
    Verdict.PARTIAL: "#FBEFD0",
    Verdict.NON_COMPLIANT: "#F8D9DB",
    Verdict.UNDETERMINED: "#E4E4F4",
    Verdict.MANUAL: "#E6EEF4",
    Verdict.NOT_APPLICABLE: "#EEF0F2",
}


def render_xlsx(result: AuditResult, language: str) -> bytes:
    """Return the audit as a workbook in `zh` or `en`; the same result gives the same bytes."""
    spoken = words(language)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": result.run, "created": _moment(result.finished_at)})
    head = book.add_format({"bold": True, "bg_color": "#E9EDF1", "border": 1, "text_wrap": True, "valign": "vcenter"})
    # quote_prefix keeps a text that begins with = a text even after somebody edits the cell
    body = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "quote_prefix": True})
    fills = {
        spoken.verdict(verdict): book.add_format({"bg_color": fill, "border": 1, "valign": "top", "bold": True})
        for verdict, fill in _FILLS.items()
    }
    for sheet in sheets(result, spoken):
        _write(book.add_worksheet(sheet.title), sheet, head, body, fills)
    book.close()
    return buffer.getvalue()


def _write(page: Worksheet, sheet: Sheet, head: Format, body: Format, fills: dict[str, Format]) -> None:
    for column, (title, width) in enumerate(sheet.columns):
        page.set_column(column, column, width)
        page.write_string(0, column, title, head)
    for row, cells in enumerate(sheet.rows, 1):
        for column, cell in enumerate(cells):
            if isinstance(cell, int):
                page.write_number(row, column, cell, body)
            else:
                form = fills.get(cell, body) if column == sheet.verdict_column else body
                page.write_string(row, column, printable(cell)[:CELL_BOUND], form)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
