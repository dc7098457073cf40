"""The workbook: the same numbers, no formulas, the shape assessors use."""

import io

import openpyxl
import pytest

from sec_ops.model.check import Severity
from sec_ops.model.verdict import Verdict
from sec_ops.reports import view
from sec_ops.reports.words import WORST_FIRST, words
from sec_ops.reports.xlsx import render_xlsx
from sec_ops.reports.xlsx.rows import sheets
from tests.unit.reports.sample import sample


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_no_cell_is_a_formula(language: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(render_xlsx(sample(), language)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    hostile = [cell for cell in cells if isinstance(cell.value, str) and "=cmd" in cell.value]
    assert hostile
    assert all(cell.quotePrefix for cell in hostile)
    assert not [cell for cell in cells if isinstance(cell.value, str) and "\x1b" in cell.value]


def test_the_summary_counts_what_the_result_counts(language: str) -> None:
    result = sample()
    summary = sheets(result, words(language))[0]
    assert summary.rows[0][-len(WORST_FIRST) :] == tuple(view.totals(result.clauses).values())


def test_every_part_and_object_has_its_record(language: str) -> None:
    result = sample()
    records = sheets(result, words(language))[1]
    parts = {part.id for clause in result.clauses for part in clause.parts}
    assert {str(row[5]).split()[0] for row in records.rows} == parts
    failed = [row for row in records.rows if row[3] == "8.1.4.2-b" and row[6] == "web-1"]
    assert [row[8] for row in failed] == [words(language).verdict(result.findings[0].verdict)]


def test_a_low_finding_never_moves_an_objects_verdict(language: str) -> None:
    result = sample()
    low = tuple(each.model_copy(update={"severity": Severity.LOW}) for each in result.findings)
    records = sheets(result.model_copy(update={"findings": low}), words(language))[1]
    failed = [row for row in records.rows if row[3] == "8.1.4.2-b" and row[6] == "web-1"]
    assert [row[8] for row in failed] == [words(language).verdict(Verdict.MANUAL)]


def test_shown_only_findings_never_make_a_gap(language: str) -> None:
    gaps = sheets(sample(), words(language))[2]
    assert not [row for row in gaps.rows if "linux-banner" in str(row)]


def test_the_same_result_gives_the_same_bytes(language: str) -> None:
    assert render_xlsx(sample(), language) == render_xlsx(sample(), language)
