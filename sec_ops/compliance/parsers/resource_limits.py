"""Limits of sessions (limits.conf(5))."""

from collections.abc import Mapping
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_MAIN: Final = "/etc/security/limits.conf"


def parse(text: str, options: Mapping[str, Any]) -> dict[str, dict[str, str]]:  # noqa: ARG001 - one signature
    """Return domain (`*`, `root`, `@group`) -> `soft.item` or `hard.item` -> the last value; `-` sets both.

    `text` is `show_all` of limits.conf and limits.d/*.conf; the drop-ins come later, in the order of their names.
    """
    files = parse_files(text, {})
    ordered = sorted(files, key=lambda path: (path != _MAIN, path.rpartition("/")[2]))
    found: dict[str, dict[str, str]] = {}
    for path in ordered:
        for line in files[path].split("\n"):
            words = line.partition("#")[0].split()
            if len(words) == 4 and words[1] in ("soft", "hard", "-"):
                kinds = ("soft", "hard") if words[1] == "-" else (words[1],)
                found.setdefault(words[0], {}).update({f"{kind}.{words[2]}": words[3] for kind in kinds})
    return found
