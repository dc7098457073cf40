"""The reference is what the code says, and it is whole."""

import ast
import re

import pytest

from scripts.reference.commands import command_paths
from scripts.reference.judging import function_names
from scripts.reference.models import error_classes
from scripts.reference.pages import GROWING, WRITTEN, render
from sec_ops.cli.app import NOUNS
from sec_ops.compliance.parsers import parser_names
from sec_ops.content.kinds import CHECKS, KINDS
from sec_ops.content.library import Library
from sec_ops.model.evidence import KINDS as EVIDENCE_KINDS
from sec_ops.model.outcome import Outcome
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "reference"
NEXT = "next: .venv/bin/python scripts/reference"
PAGES = render()


def text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(PAGES) - set(GROWING)))
def test_page_is_fresh(name: str) -> None:
    assert text(name) == PAGES[name], NEXT


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*PAGES, *WRITTEN}, NEXT


def test_page_of_checks_names_no_check_that_is_gone() -> None:
    """A new check is one file, so the page may lag behind; it may not speak of what isn't there."""
    named = set(re.findall(r"^\| `(linux-[a-z0-9-]+)`", text("checks.md"), re.MULTILINE))
    assert named
    assert named - Library.open(None).objects(CHECKS).keys() == set(), NEXT


@pytest.mark.parametrize("path", command_paths())
def test_command_is_documented(path: str) -> None:
    assert f"\n## sec-ops {path}\n" in text("commands.md"), NEXT


@pytest.mark.parametrize("path", command_paths())
def test_command_says_what_it_does(path: str) -> None:
    section = PAGES["commands.md"].partition(f"\n## sec-ops {path}\n")[2].partition("\n## ")[0]
    assert len(section.strip().splitlines()[0]) > 10
    assert "|  |" not in section, "an option has no help"


@pytest.mark.parametrize("noun", NOUNS)
def test_noun_has_a_command(noun: str) -> None:
    assert any(path.split()[0] == noun for path in command_paths())


@pytest.mark.parametrize("outcome", list(Outcome))
def test_exit_code_is_documented(outcome: Outcome) -> None:
    assert f"| {outcome.value} | `{outcome.label}` |" in text("exit_codes.md")


@pytest.mark.parametrize("name", sorted(error_classes()))
def test_error_is_documented(name: str) -> None:
    page = text("errors.md")
    assert error_classes()[name].__name__ in page
    assert f"| `{name}` |" in page or name == "sec_ops"


def test_error_names_are_those_that_errors_say() -> None:
    for name, error in error_classes().items():
        assert error.name.fget(error.__new__(error)) == name  # type: ignore[attr-defined]


def test_kinds_parsers_and_functions_are_documented() -> None:
    assert [kind for kind in EVIDENCE_KINDS if f"## {kind}\n" not in text("evidence.md")] == []
    assert [name for name in parser_names() if f"## {name}\n" not in text("parsers.md")] == []
    assert [name for name in function_names() if f"`{name}`" not in text("expressions.md")] == []
    assert [name for name in KINDS if f"`{KINDS[name].folder}/" not in text("content.md")] == []


def schemas_in_code() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "sec_ops").rglob("*.py"))]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str) and re.fullmatch(r"sec-ops/[a-z-]+", value)}


def test_every_schema_of_the_code_is_documented() -> None:
    assert [name for name in sorted(schemas_in_code()) if f"`{name}`" not in text("json.md")] == []


def test_examples_of_expressions_have_a_value() -> None:
    assert "no value" not in PAGES["expressions.md"]


def test_two_runs_make_the_same_pages() -> None:
    assert render() == PAGES
