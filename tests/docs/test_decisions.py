"""Decision records are numbered without gaps, listed, and say what was turned down."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "adr"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
SECTIONS = ("## Context", "## Decision", "## Turned down", "## Consequences")


def test_numbers_follow_each_other() -> None:
    numbers = [path.name[:4] for path in RECORDS]
    assert numbers == [f"{number:04d}" for number in range(1, len(RECORDS) + 1)]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_record_is_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(rf"# {int(path.name[:4])}\. \S", text)
    assert re.search(r"^Status: (accepted|superseded by \d{4})", text, re.MULTILINE)
    assert [section for section in SECTIONS if f"\n{section}\n" not in text] == []
    assert len(text.splitlines()) <= 80, "a record is one page"


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_record_is_listed(path: Path) -> None:
    title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    number, _, rest = title.partition(". ")
    assert f"| {number} | [{rest}]({path.name}) |" in (FOLDER / "README.md").read_text(encoding="utf-8")
