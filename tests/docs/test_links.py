"""Links between pages lead somewhere, and pages name no file that isn't there."""

import re
from pathlib import Path

import pytest

from sec_ops.content.kinds import KINDS
from tests.docs.pages import ROOT, markdown_files

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_NAMED_PATH = re.compile(r"`((?:sec_ops|rules|tests|scripts|docs|benchmarks)/[\w./-]+[\w/])`")
_PLACES_OF_KINDS = {f"{kind.folder}/{pattern}" for kind in KINDS.values() for pattern in kind.files}
every_page = pytest.mark.parametrize("path", markdown_files(), ids=lambda path: path.relative_to(ROOT).as_posix())


@every_page
def test_links_resolve(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = [match["target"] for match in _LINK.finditer(text) if not resolves(path, match["target"])]
    assert broken == []


def resolves(page: Path, target: str) -> bool:
    if target.startswith(("https://", "http://", "mailto:")):
        return True
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    return file.exists() and (not anchor or file.suffix != ".md" or anchor in anchors(file))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as the usual forges make them."""
    lines = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL).splitlines()
    titles = [line.lstrip("#").strip() for line in lines if re.match(r"#{1,6} ", line)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_page
def test_named_files_exist(path: Path) -> None:
    """Paths of the checkout in backquotes are real; those below a site are written with SITE/ in front.

    Where content of a kind lies may be a site's alone.
    """
    named = set(_NAMED_PATH.findall(path.read_text(encoding="utf-8"))) - _PLACES_OF_KINDS
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_way_anchors_are_made_is_known() -> None:
    assert resolves(ROOT / "docs" / "README.md", "reference/exit_codes.md#exit-codes")
    assert not resolves(ROOT / "docs" / "README.md", "reference/exit_codes.md#no-such-heading")
    assert not resolves(ROOT / "docs" / "README.md", "reference/no_such_page.md")
