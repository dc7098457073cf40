"""Running what the pages tell readers to type."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import fenced

__all__ = ["exits", "lines", "on_paper", "run", "typed"]

_DEADLINE_SECONDS = 300


def lines(text: str) -> list[str]:
    """Return the commands of a console block, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return [line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ ")]


def typed(page: Path) -> list[str]:
    """Return all commands of a page."""
    return [line for _, text in fenced(page, "console") for line in lines(text)]


def exits(words: str) -> set[int]:
    """Return how the last command of a block may end, `exits=1,3` in the block's first line."""
    found = re.fullmatch(r"exits=([\d,]+)", words)
    return {int(code) for code in found[1].split(",")} if found else {0}


def on_paper(line: str, site: Path) -> str:
    """Return a line with what a reader types from the paper anchor: FINGERPRINT (指纹), or FINGERPRINT_1 and _2."""
    anchor = site / "var" / "evidence" / "anchor.txt"
    text = anchor.read_text(encoding="utf-8") if anchor.exists() else ""
    first, second = [*re.findall(r"^  ([0-9a-f]{64})$", text, re.MULTILINE), "", ""][:2]
    for word, value in (("FINGERPRINT_1", first), ("FINGERPRINT_2", second), ("FINGERPRINT", first), ("指纹", first)):
        line = line.replace(word, value)
    return line


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one line by a shell in a folder, which is the home folder too."""
    line = on_paper(line, folder)
    if line.startswith("unzip"):
        # Not installed everywhere; the reader's own machine has something that opens a zip.
        line = f"{sys.executable} -m zipfile -e audit.evz unzipped && cp unzipped/verify.py ."
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_DEADLINE_SECONDS,
        check=False,
    )
