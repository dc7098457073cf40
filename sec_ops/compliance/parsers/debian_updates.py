"""Which packages have a newer version in a security archive (deb-version(7))."""

import re
from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()


def parse(text: str, options: Mapping[str, Any]) -> list[str]:  # noqa: ARG001 - one signature for all parsers
    """Return the packages, sorted, for which some offered version is newer than the installed one.

    Lines are `package installed offered`. Raises ValueError for other lines.
    """
    found: set[str] = set()
    for line in text.split("\n"):
        words = line.split()
        if not words:
            continue
        if len(words) != 3:
            raise ValueError(f"not package, installed and offered version: {line[:80]}")
        if _order(words[2]) > _order(words[1]):
            found.add(words[0])
    return sorted(found)


def _order(version: str) -> tuple[int, list[tuple[list[int], int]], list[tuple[list[int], int]]]:
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdecimal():
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return int(epoch[:9]), _parts(upstream if dash else rest), _parts(revision if dash else "")


def _parts(text: str) -> list[tuple[list[int], int]]:
    """Return pairs of letters and number; `~` sorts before the end, letters before all else, the end is a 0."""
    pairs = re.findall(r"([^0-9]*)([0-9]*)", text)
    parts = [([_weight(letter) for letter in letters] + [0], int(digits[:18] or "0")) for letters, digits in pairs]
    while parts and parts[-1] == ([0], 0):
        parts.pop()
    return [*parts, ([0], 0)]


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
