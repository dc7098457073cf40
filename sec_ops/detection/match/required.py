r"""What a value must hold for a regular expression to be found in it, and how long it must be: read off carefully.

Only what stands open to sight counts: letters, digits and escaped signs in a row, outside groups, classes and
alternatives, and not made optional by what follows.
"""

import re
from typing import Final

from sec_ops.detection.rule import Glob, Operand
from sec_ops.model.folding import fold

__all__ = ["least_length", "longest_text", "required_text"]

_LEADING: Final = re.compile(r"(\(\?[ims]+\))?\^?")
_TOKEN: Final = re.compile(
    r"""(?P<plain>[A-Za-z0-9 _/:=@,;<>"'!%&~`\#-])
    |\\(?P<escaped>[^A-Za-z0-9])
    |(?P<class>\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\])
    |(?P<repeat>[*+?]\??|\{[0-9,]*\}\??)
    |(?P<other>\\[dDwWsSbBAzZ]|[.^$])""",
    re.VERBOSE | re.DOTALL,
)
_OPTIONAL: Final = re.compile(r"[*?]|\{0*[,}]|\{0*,")

_NO_WIDTH: Final = frozenset(("^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z"))


def required_text(source: str) -> str:
    """Return a text that every value holds in which the expression is found, whatever its case; empty if unknown."""
    leading = _LEADING.match(source)
    at = leading.end() if leading else 0
    runs, open_groups = [""], 0
    while at < len(source):
        sign = source[at]
        if sign in "()":
            open_groups += 1 if sign == "(" else -1
            runs, at = [*runs, ""], at + 1
            continue
        token = _TOKEN.match(source, at)
        if token is None or source.startswith("\\Q", at):
            if sign == "|" and open_groups > 0:
                runs, at = [*runs, ""], at + 1
                continue
            return ""
        at = token.end()
        runs = _added(runs, token, counted=open_groups == 0)
    return max(runs, key=len) if open_groups == 0 else ""


def least_length(source: str) -> int:
    """Return how many characters every value has at least in which the expression is found; 0 if unknown."""
    leading = _LEADING.match(source)
    at = leading.end() if leading else 0
    whole = 0
    last: int | None = None
    while at < len(source):
        token = _TOKEN.match(source, at)
        if token is None or source.startswith("\\Q", at):
            return 0
        at = token.end()
        if token["repeat"]:
            if last is None:
                return 0
            whole += last * (_least_count(token["repeat"]) - 1)
            last = None
        else:
            last = int(token["other"] not in _NO_WIDTH)
            whole += last
    return whole


def _least_count(repeat: str) -> int:
    if repeat.startswith("{"):
        return int("0" + repeat[1:].partition(",")[0].partition("}")[0])
    return int(repeat.startswith("+"))


def _added(runs: list[str], token: re.Match[str], *, counted: bool) -> list[str]:
    letter = token["plain"] or token["escaped"]
    if letter and counted:
        return [*runs[:-1], runs[-1] + letter]
    if token["repeat"] and _OPTIONAL.match(token["repeat"]):
        return [*runs[:-1], runs[-1][:-1], ""]
    return [*runs, ""]


def longest_text(operand: Operand) -> str:
    """Return a text that every value holds which passes; empty when there is none."""
    literals = [part for part in operand.parts if isinstance(part, str)] if isinstance(operand, Glob) else []
    return fold(max(literals, key=len, default=""))
