"""The running kernel against those installed."""

import re
from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()
_RESCUE = re.compile(r"rescue|kdump|\+debug|\.old$")


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `running`, `installed` (newest first) and `newest` ("" when none is installed).

    Lines are `running VERSION` and `installed VERSION`. Raises ValueError without a running version.
    """
    pairs = [line.split(None, 1) for line in text.split("\n") if line.strip()]
    running = next((pair[1].strip() for pair in pairs if pair[0] == "running" and len(pair) == 2), "")
    if not running:
        raise ValueError("the running kernel isn't named")
    found = {pair[1].strip() for pair in pairs if pair[0] == "installed" and len(pair) == 2}
    installed = sorted((name for name in found if not _RESCUE.search(name)), key=_order, reverse=True)
    return {"running": running, "installed": installed, "newest": installed[0] if installed else ""}


def _order(version: str) -> list[tuple[int, int, str]]:
    """Return a key that compares numbers as numbers; a number comes after a word, as 5.10.1 after 5.10.rc."""
    parts = re.findall(r"\d{1,18}|[A-Za-z]+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
