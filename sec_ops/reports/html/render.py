"""Fills the page's template; every value from outside is escaped and made printable."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from sec_ops.model.audit import AuditResult, Finding
from sec_ops.model.text import printable
from sec_ops.reports import view
from sec_ops.reports.words import SIGNS, WORST_FIRST, words
from sec_ops.runtime.language import translator

__all__ = ["environment", "render_html"]


def render_html(result: AuditResult, language: str) -> bytes:
    """Return the audit as one HTML page in `zh` or `en`, UTF-8."""
    evidence = view.evidence_of(result.findings)
    page = environment(language).get_template("audit.html")
    text = page.render(
        result=result,
        language=language,
        words=words(language),
        view=view,
        signs=SIGNS,
        verdicts=WORST_FIRST,
        by_host=view.findings_by_host(result),
        evidence=evidence,
        anchors=lambda finding: _anchors(finding, evidence),
    )
    return text.encode("utf-8", "backslashreplace")


def _anchors(finding: Finding, evidence: dict[tuple[str, str], view.Evidence]) -> list[view.Evidence]:
    return [evidence[reference.fact, reference.sha256 + reference.state] for reference in finding.evidence]


def environment(language: str) -> Environment:
    """Return the templates of this package; values are escaped, made printable, and never missing."""
    environment = Environment(
        loader=PackageLoader("sec_ops.reports.html", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        finalize=_harmless,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translate = translator(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translate, lambda one, many, count: translate(one if count == 1 else many), newstyle=True
    )
    return environment


def _harmless(value: Any) -> Any:  # noqa: ANN401 - Jinja's interface
    return printable(value) if type(value) is str else value
