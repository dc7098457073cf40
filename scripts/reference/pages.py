"""All pages of `docs/reference/`. A new page is one entry here."""

from collections.abc import Callable, Mapping

from scripts.reference.commands import commands_page
from scripts.reference.content import content_page
from scripts.reference.documents import documents_page
from scripts.reference.drills import drills_page
from scripts.reference.judging import checks_page, expressions_page, parsers_page
from scripts.reference.markdown import page, table
from scripts.reference.models import configuration_page, errors_page, evidence_page, exit_codes_page
from sec_ops.runtime.language import use_language

__all__ = ["GROWING", "PAGES", "WRITTEN", "render"]

PAGES: Mapping[str, tuple[Callable[[], str], str]] = {
    "commands.md": (commands_page, "every command and option"),
    "exit_codes.md": (exit_codes_page, "exit codes and which of them wins"),
    "errors.md": (errors_page, "names of errors, drawn as a tree"),
    "json.md": (documents_page, "JSON documents and their keys"),
    "configuration.md": (configuration_page, "`sec-ops.yml`, variables of hosts and of the environment"),
    "content.md": (content_page, "kinds of content and their keys"),
    "drills.md": (drills_page, "kinds of services and checks of drills"),
    "checks.md": (checks_page, "shipped checks and what they decide"),
    "parsers.md": (parsers_page, "parsers of facts and what they return"),
    "expressions.md": (expressions_page, "CEL in checks: names and functions"),
    "evidence.md": (evidence_page, "kinds of evidence and their keys"),
}
GROWING = ("checks.md",)
"""Pages that follow content: they may lag behind, so that a new check is one file; the next run catches up."""


WRITTEN: Mapping[str, str] = {"search-language.md": "how to search logs: the language and its examples"}
"""Pages that people write; the tests run their examples."""


def render() -> dict[str, str]:
    """Return file name to text of every page, the index included."""
    use_language("en")
    pages = {name: make() for name, (make, _) in PAGES.items()}
    index = table(("page", "holds"), [(f"[{name}]({name})", text) for name, text in _titles()])
    pages["README.md"] = page("Reference", "Made from the code by `scripts/reference`, compared by tests.", index)
    return pages


def _titles() -> list[tuple[str, str]]:
    return [*((name, text) for name, (_, text) in PAGES.items()), *WRITTEN.items()]
