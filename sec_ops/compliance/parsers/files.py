"""Several files in one output, as `show_all` of the collector writes them."""

import re
from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()
_HEAD = re.compile(r"==> (/.*) <==")


def parse(text: str, options: Mapping[str, Any]) -> dict[str, str]:  # noqa: ARG001 - one signature for all parsers
    """Return path -> text; raises ValueError when text comes before the first `==> path <==`.

    A second head of the same path is text of the file before it: files can't be repeated, lines can look like heads.
    """
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.split("\n"):
        head = _HEAD.fullmatch(line)
        if head and head[1] not in found:
            current = found.setdefault(head[1], [])
        elif current is not None:
            current.append(line)
        elif line.strip():
            raise ValueError("text before the name of the first file")
    return {path: "\n".join(lines).rstrip("\n") for path, lines in found.items()}
