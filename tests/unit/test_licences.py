"""What we ship with: permissive, MPL, LGPL imported unmodified; GPL only as a separate process."""

import ast
import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKED = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements" / "runtime.txt").read_text(), re.MULTILINE)
FREE = re.compile(r"\b(MIT|BSD|Apache|ISC|PSF|MPL|LGPL|0BSD|Unlicense)", re.IGNORECASE)
COPYLEFT = re.compile(r"(?<!L)GPL|GNU General Public", re.IGNORECASE)
PROCESSES = {"ansible-core"}  # started as a program, never imported
ELSEWHERE = {"colorama"}  # Windows only


def _licences(name: str) -> str:
    about = metadata(name)
    classifiers = [text for text in about.get_all("Classifier") or [] if text.startswith("License")]
    named = [*(about.get_all("License-Expression") or []), *(text[:60] for text in about.get_all("License") or [])]
    return " ".join([*named, *classifiers])


@pytest.mark.parametrize("name", sorted(set(LOCKED) - ELSEWHERE))
def test_the_licence_fits(name: str) -> None:
    try:
        licences = _licences(name)
    except PackageNotFoundError:
        pytest.fail(f"{name} is locked but not installed: bash scripts/test sets it up")
    if name in PROCESSES:
        assert COPYLEFT.search(licences), f"{name} may be imported now; take it off the list"
    else:
        assert FREE.search(licences), licences
        assert not COPYLEFT.search(licences), licences


def test_nothing_imports_what_is_only_a_process() -> None:
    imported = {
        alias.name.partition(".")[0]
        for path in (ROOT / "sec_ops").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").partition(".")[0]
        for path in (ROOT / "sec_ops").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    assert "ansible" not in imported
    assert "yaml" in imported, "the walk sees nothing"


def test_our_own_licence_is_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
