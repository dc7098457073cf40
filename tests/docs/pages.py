"""The pages of the documentation and what stands in them."""

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ROOT", "blocks", "fenced", "markdown_files"]

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def markdown_files() -> list[Path]:
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("changelog.d/README.md"),
        *ROOT.glob("tests/**/README.md"),
    ]
    found += [*ROOT.glob("rules/**/README.md"), *ROOT.glob("inventory/README.md"), *ROOT.glob("benchmarks/README.md")]
    return sorted(found)


def blocks(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield language, the words after it, and the text of each fenced block."""
    for match in _FENCE.finditer(path.read_text(encoding="utf-8")):
        name, _, rest = match["info"].strip().partition(" ")
        yield name, rest.strip(), match["text"]


def fenced(path: Path, language: str) -> Iterator[tuple[str, str]]:
    """Yield the words after the language and the text of each fenced block of that language."""
    for name, words, text in blocks(path):
        if name == language:
            yield words, text
