"""Golden files: how the reports of the hand-made audit look, letter by letter.

After a change that is meant: run this file with `SEC_OPS_UPDATE_GOLDEN=1`, then read the diff.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sec_ops.model.audit import AuditResult
from sec_ops.model.text import printable
from sec_ops.reports.html import render_html
from sec_ops.reports.json import audit_document
from sec_ops.reports.terminal import render_terminal
from sec_ops.reports.words import words
from sec_ops.reports.xlsx.rows import sheets
from tests.unit.reports.sample import sample

GOLDEN = Path(__file__).parent / "golden"


def _html(result: AuditResult, language: str) -> str:
    """Return the page without its style sheet, which is looked at with eyes."""
    head, rest = render_html(result, language).decode().split("<style>", 1)
    return head + rest.split("</style>", 1)[1]


def _terminal(result: AuditResult, language: str) -> str:
    return render_terminal(result, language, width=100, color="never") + "\n"


def _json(result: AuditResult, language: str) -> str:
    return json.dumps(audit_document(result, language), ensure_ascii=False, indent=1) + "\n"


def _xlsx(result: AuditResult, language: str) -> str:
    lines = []
    for sheet in sheets(result, words(language)):
        lines += [f"## {sheet.title}", " | ".join(title for title, _ in sheet.columns)]
        lines += [" | ".join(str(cell).replace("\n", " / ") for cell in row) for row in sheet.rows]
    return printable("\n".join(lines)) + "\n"


FORMS: dict[str, Callable[[AuditResult, str], str]] = {
    "html": _html,
    "txt": _terminal,
    "json": _json,
    "xlsx.txt": _xlsx,
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("form", sorted(FORMS))
def test_it_looks_as_it_did(form: str, language: str) -> None:
    path = GOLDEN / f"audit.{language}.{form}"
    text = FORMS[form](sample(), language)
    if os.environ.get("SEC_OPS_UPDATE_GOLDEN") == "1":
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    assert text.encode("utf-8", "backslashreplace") == path.read_bytes()
