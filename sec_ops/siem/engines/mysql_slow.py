"""The slow query log of MySQL, MariaDB and Percona: comment lines with numbers, then the statement.

Source: the servers' manuals, "The Slow Query Log". A `# Time:` line speaks for all records up to the next, so the
parser has it as its heading. Names given: `time`, `user`, `user_effective`, `remote_host`, `remote`, `database`,
`timestamp` (SET timestamp, seconds), `statement`, `command`, and each `Name: value` of the comment lines in lower case.
"""

import re
from collections.abc import Mapping
from typing import Any

from sec_ops.siem.engines import Extract, Extracted

__all__ = ["OPTIONS", "compile_engine"]

OPTIONS: frozenset[str] = frozenset()
_TIME = re.compile(r"# Time: +(\S.{0,60})")
_USER = re.compile(r"# User@Host: (.{0,256}?)\[(.{0,256}?)\] @ (\S{0,255}) ?\[([^\]]{0,64})\](?: +Id: +(\d+))?")
_PAIR = re.compile(r"([A-Za-z_]{1,40}): (\S+)")
_USE = re.compile(r"use (.{1,256});", re.IGNORECASE)
_SET = re.compile(r"SET timestamp=(\d{1,12}(?:\.\d{1,6})?);")
_COMMAND = re.compile(r"\s*(?:# administrator command: (\w+)|(?:/\*.{0,200}?\*/\s*)?([A-Za-z]{2,20}))")


def compile_engine(options: Mapping[str, Any]) -> Extract:  # noqa: ARG001 - it has no options
    """Return the extraction."""
    return _extract


def _extract(text: str) -> Extracted | None:
    found: dict[str, Any] = {}
    lines = text.split("\n")
    at = 0
    while at < len(lines) and _read(lines[at], found):
        at += 1
    if "query_time" not in found and "user" not in found:
        return None
    statement = "\n".join(lines[at:]).strip()
    if statement:
        found["statement"] = statement
        if (word := _COMMAND.match(statement)) is not None:
            found["command"] = (word[1] or word[2]).upper()
    return {name: value for name, value in found.items() if value != ""}


def _read(line: str, found: dict[str, Any]) -> bool:
    """Note what a line before the statement says; False when it is the statement's first."""
    if line.startswith("# administrator command"):
        return False
    if match := _TIME.match(line):
        found["time"] = match[1].strip()
    elif match := _USER.match(line):
        found["user"], found["user_effective"], found["remote_host"], found["remote"] = match.group(1, 2, 3, 4)
        if match[5]:
            found["id"] = match[5]
    elif line.startswith("#"):
        found.update({name.lower(): value for name, value in _PAIR.findall(line[:4096])})
    elif match := _USE.fullmatch(line):
        found["database"] = match[1].strip("`")
    elif match := _SET.fullmatch(line):
        found["timestamp"] = match[1]
    else:
        return False
    return True
