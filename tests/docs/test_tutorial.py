"""The tutorials are run as they stand, in an empty folder, and end as they say.

Blocks ```console are run line by line; `exits=1,3` says how the last line of a block may end, `setup` that a block is
about the checkout and isn't run. Blocks ```yaml that name a file are written to it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, fenced
from tests.docs.running import exits, lines, run

TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_runs(path: Path, tmp_path: Path) -> None:
    assert len(list(steps(path, tmp_path))) > 10


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_both_languages_tell_the_same_story(path: Path) -> None:
    assert plain_commands(path) == plain_commands(path.with_name(f"{path.name.partition('.')[0]}.en.md"))
    assert list(fenced(path, "yaml")) == list(fenced(path.with_name(f"{path.name.partition('.')[0]}.en.md"), "yaml"))


def steps(path: Path, folder: Path) -> Iterator[str]:
    for language, words, text in blocks(path):
        if language == "yaml":
            place = folder / words.split()[1]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        if language != "console" or words == "setup":
            continue
        block = lines(text)
        for number, line in enumerate(block, 1):
            if line.startswith("cd "):
                folder = folder / line.removeprefix("cd ")
                continue
            allowed = exits(words) if number == len(block) else {0}
            if line.startswith("sec-ops doctor"):
                allowed = {0, 5}
            done = run(line, folder)
            assert done.returncode in allowed, (
                f"{path.name}: {line}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
            yield line


def plain_commands(path: Path) -> list[tuple[str, str]]:
    """Return every command without what differs by language."""
    found = []
    for words, text in fenced(path, "console"):
        for line in text.splitlines():
            plain = re.sub(r" --lang (zh|en)|<[^>]*>", "", line).replace("指纹", "FINGERPRINT")
            found.append((words, plain))
    return found
