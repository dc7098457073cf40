r"""Lines that are sentences: patterns with named groups, of which the first that fits says what the line is.

Option `patterns`: a list, each a RE2 pattern or `{match: pattern, set: {name: value}}`; a group `user__name` gives the
name `user.name`, for RE2 knows no dots in names. Option `otherwise`: names and values of a line that fits none; without
it such a line isn't understood. Option `unescape`: names whose values hold backslash escapes (`\n`, `\t`, `\'` …).
"""

import re
from collections.abc import Mapping
from typing import Any

from sec_ops.content.patterns import Pattern, first_of
from sec_ops.siem.engines import Extract, Extracted

__all__ = ["OPTIONS", "compile_engine"]

OPTIONS = frozenset({"patterns", "otherwise", "unescape"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the extraction; raises ValueError for what is no list of patterns."""
    entries = [_entry(each) for each in _list(options.get("patterns"))]
    choose = first_of([source for source, _ in entries], "anywhere")
    ready = [(Pattern(source), _renames(source), constants) for source, constants in entries]
    otherwise = _constants(options["otherwise"]) if "otherwise" in options else None
    escaped = _names(options.get("unescape", []))

    def extract(text: str) -> Extracted | None:
        hits = choose(text)
        if not hits:
            return otherwise
        pattern, renames, constants = ready[hits[0]]
        found = pattern.names(text)
        if found is None:
            return None
        said = {renames[name]: value for name, value in found.items() if value}
        for name in escaped & said.keys():
            said[name] = _ESCAPE.sub(lambda match: _MEANS.get(match[1], match[1]), said[name])
        return {**constants, **said}

    return extract


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("unescape: a list of names")
    return frozenset(value)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("patterns: a list of patterns")
    return value


def _entry(value: object) -> tuple[str, dict[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if not isinstance(value, Mapping) or not isinstance(value.get("match"), str) or value.keys() - {"match", "set"}:
        raise ValueError("patterns: each is a pattern, or match and set")
    return value["match"], _constants(value.get("set", {}))


def _constants(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError("set, otherwise: names and values")
    return dict(value)


def _renames(source: str) -> dict[str, str]:
    return {name: name.replace("__", ".") for name in re.findall(r"\(\?P?<(\w+)>", source)}
