r"""Text that a value must hold for a regular expression to be found in it, read off the expression carefully.

Only what stands open to sight counts: letters, digits and escaped signs in a row, outside groups, classes and
alternatives, and not made optional by what follows.
"""

import re
from typing import Final

__all__ = ["required_text"]

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


def _added(runs: list[str], token: re.Match[str], *, counted: bool) -> list[str]:
    letter = token["plain"] or token["escaped"]
    if letter and counted:
        return [*runs[:-1], runs[-1] + letter]
    if token["repeat"] and _OPTIONAL.match(token["repeat"]):
        return [*runs[:-1], runs[-1][:-1], ""]
    return [*runs, ""]
