"""Every report format: the same findings in, the same totals out, hostile text harmless, both languages."""

import io
import json
from collections.abc import Callable

import openpyxl
import pytest

from sec_ops.model.audit import AuditResult
from sec_ops.reports import view
from sec_ops.reports.html import render_html
from sec_ops.reports.json import audit_document
from sec_ops.reports.terminal import render_terminal
from sec_ops.reports.words import WORST_FIRST, words
from sec_ops.reports.xlsx import render_xlsx
from tests.unit.reports.sample import sample


def _html(result: AuditResult, language: str) -> str:
    return render_html(result, language).decode()


def _xlsx(result: AuditResult, language: str) -> str:
    book = openpyxl.load_workbook(io.BytesIO(render_xlsx(result, language)))
    rows = (row for sheet in book for row in sheet.iter_rows(values_only=True))
    return "\n".join(" | ".join("" if cell is None else str(cell) for cell in row) for row in rows)


def _terminal(result: AuditResult, language: str) -> str:
    return render_terminal(result, language, width=160, color="never")


def _json(result: AuditResult, language: str) -> str:
    return json.dumps(audit_document(result, language), ensure_ascii=False)


FORMATS: dict[str, Callable[[AuditResult, str], str]] = {
    "html": _html,
    "json": _json,
    "terminal": _terminal,
    "xlsx": _xlsx,
}


@pytest.fixture(params=sorted(FORMATS))
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_verdict_and_failed_clause_is_named(form: str, language: str) -> None:
    result = sample()
    text = FORMATS[form](result, language)
    spoken = words(language)
    for verdict in WORST_FIRST:
        assert (verdict.value if form == "json" else spoken.verdict(verdict)) in text
    for clause in view.gaps(result.clauses):
        assert clause.id in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hosts_that_were_not_read_are_named(form: str, language: str) -> None:
    text = FORMATS[form](sample(), language)
    assert all(host.name in text for host in view.unseen_hosts(sample()))


def test_what_a_site_switched_off_is_named(form: str) -> None:
    assert "linux-switched-off" in FORMATS[form](sample(), "zh")


def test_no_control_character_of_a_host_gets_through(form: str) -> None:
    text = FORMATS[form](sample(), "zh")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_same_result_gives_the_same_report(form: str) -> None:
    assert FORMATS[form](sample(), "zh") == FORMATS[form](sample(), "zh")


def test_a_result_that_went_through_json_gives_the_same_report(form: str) -> None:
    again = AuditResult.model_validate_json(sample().model_dump_json())
    assert FORMATS[form](again, "en") == FORMATS[form](sample(), "en")


def test_the_languages_differ(form: str) -> None:
    assert FORMATS[form](sample(), "zh") != FORMATS[form](sample(), "en")


def test_an_audit_of_nothing_is_still_a_report(form: str) -> None:
    empty = sample().model_copy(update={"hosts": (), "findings": (), "clauses": (), "groups": ()})
    assert "20261123T080000Z-audit-0badcafe" in FORMATS[form](empty, "zh") or form == "xlsx"
