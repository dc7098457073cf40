"""Exported NFS folders (exports(5))."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_CLIENT = re.compile(r"([^()]*)(?:\(([^()]*)\))?")


def parse(text: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG001 - one signature
    """Return a map for each folder and client: `path`, `client` (`*` for everyone), `options` (list).

    `text` is `show_all` of /etc/exports and /etc/exports.d/*.exports. A space between a client and its options gives
    the options to everyone, as the kernel server reads it. Raises ValueError for unbalanced quotes.
    """
    found: list[dict[str, Any]] = []
    for content in parse_files(text, {}).values():
        for line in content.replace("\\\n", " ").split("\n"):
            words = shlex.split(line, comments=True)
            if words:
                found.extend(_clients(words[0], words[1:]))
    return found


def _clients(path: str, words: list[str]) -> Iterator[dict[str, Any]]:
    defaults: list[str] = []
    for word in words or ["*"]:
        if word.startswith("-"):
            defaults = [option for option in word[1:].split(",") if option]
            continue
        parts = _CLIENT.fullmatch(word)
        if not parts:
            raise ValueError(f"not a client: {word[:60]}")
        given = [option.strip() for option in (parts[2] or "").split(",") if option.strip()]
        yield {"path": path, "client": parts[1] or "*", "options": defaults + given}
