"""TMOUT and umask in the files that login shells read.

Source: bash(1), zshparam(1), dash(1). The files are programs: conditions are not worked out, so every value that
stands anywhere is given and a rule must ask that all of them are good.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_UNKNOWN: Final = -1
_NO_TIMEOUT: Final = 0
_START: Final = r"(?:^|[;&|({]|\bthen\b|\belse\b|\bdo\b)\s*"
_DECLARE: Final = r"(?:(?:export|readonly|declare|typeset)\b(?:\s+-\w+)*\s+(?:\w+(?:=\S*)?\s+)*)"
_TIMEOUT: Final = re.compile(_START + _DECLARE + r"?TMOUT=([^\s;&|)}]*)")
_UNSET: Final = re.compile(_START + r"unset\s+(?:-v\s+)?(?:\w+\s+)*TMOUT\b")
_READ_ONLY: Final = re.compile(
    _START + r"(?:readonly\b|(?:declare|typeset)\s+-\w*r\w*)(?:\s+-\w+)*\s+(?:[\w=]+\s+)*TMOUT\b"
)
_UMASK: Final = re.compile(_START + r"umask\s+(?!-[pS]*\s*(?:$|[;&|)}]))([^\s;&|)}]+)")
_SYMBOLIC: Final = re.compile(r"([ugoa]+)=([rwx]*)")
_COMMENT: Final = re.compile(r"(?:^|(?<=[\s;&|]))#.*")


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `timeouts` and `umasks`, lists of `{file, value}`, and `timeout_readonly`.

    A timeout is in seconds, 0 where TMOUT is unset or empty, -1 where its value can't be read (a variable, say).
    A umask is an integer (0o27 is 23), -1 where it can't be read.
    """
    files = {path: _statements(content) for path, content in parse_files(text, {}).items()}
    return {
        "timeouts": [{"file": path, "value": value} for path, lines in files.items() for value in _timeouts(lines)],
        "timeout_readonly": any(_READ_ONLY.search(line) for lines in files.values() for line in lines),
        "umasks": [{"file": path, "value": value} for path, lines in files.items() for value in _umasks(lines)],
    }


def _statements(content: str) -> list[str]:
    lines = content.replace("\\\n", " ").split("\n")
    return [stripped for line in lines if (stripped := _COMMENT.sub("", line).strip())]


def _timeouts(lines: list[str]) -> Iterator[int]:
    for line in lines:
        yield from (_seconds(match[1]) for match in _TIMEOUT.finditer(line))
        yield from (_NO_TIMEOUT for _ in _UNSET.finditer(line))


def _seconds(word: str) -> int:
    value = word.strip("\"'")
    if not value:
        return _NO_TIMEOUT
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else _UNKNOWN


def _umasks(lines: list[str]) -> Iterator[int]:
    for line in lines:
        yield from (_mask(match[1].strip("\"'")) for match in _UMASK.finditer(line))


def _mask(word: str) -> int:
    if re.fullmatch(r"[0-7]{1,4}", word):
        return int(word, 8)
    parts = [_SYMBOLIC.fullmatch(part) for part in word.split(",")]
    named = {who: part[2] for part in parts if part for who in part[1].replace("a", "ugo")}
    if None in parts or set(named) != set("ugo"):
        return _UNKNOWN
    allowed = {who: sum({"r": 4, "w": 2, "x": 1}[letter] for letter in set(named[who])) for who in "ugo"}
    return 0o777 & ~(allowed["u"] * 64 + allowed["g"] * 8 + allowed["o"])
