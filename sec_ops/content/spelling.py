r"""RE2's expressions as `re` and `regex` spell them, so that one means the same with all of them.

Those know every alphabet's digits, letters and blanks, and let `$` stand before a last line end; RE2 knows those of
ASCII, and `$` is the very end. Source: https://github.com/google/re2/wiki/Syntax.
"""

import re
from typing import Final

__all__ = ["SIGNS", "spelled"]

SIGNS: Final = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\x\{[0-9A-Fa-f]{1,6}\}|\\.|(?P<class>\[\^?\]?(?:\\.|\[:\^?[a-z]+:\]|[^\]\\])*\])"
    r"|\{(?P<least>\d{1,9})?(?:,(?P<most>\d{1,9})?)?\}|.",
    re.DOTALL,
)
"""The signs of an expression, one after the other: escapes, classes, counts, other characters."""

_IN_CLASS: Final = re.compile(r"\\x\{[0-9A-Fa-f]{1,6}\}|\\.|\[:[a-z]+:\]|.", re.DOTALL)
_LINES: Final = re.compile(r"\(\?[a-zA-Z]*m")
_LAST: Final = "\U0010ffff"
_WORD: Final = "[0-9A-Za-z_]"

_CLASSES: Final = {
    r"\d": "0-9",
    r"\D": f"\\x00-/:-{_LAST}",
    r"\w": "0-9A-Za-z_",
    r"\W": f"\\x00-/:-@\\[-\\^`{{-{_LAST}",
    r"\s": r"\t\n\f\r ",
    r"\S": f"\\x00-\\x08\\x0b\\x0e-\\x1f!-{_LAST}",
    "[:alnum:]": "0-9A-Za-z",
    "[:alpha:]": "A-Za-z",
    "[:ascii:]": r"\x00-\x7f",
    "[:blank:]": r"\t ",
    "[:cntrl:]": r"\x00-\x1f\x7f",
    "[:digit:]": "0-9",
    "[:graph:]": "!-~",
    "[:lower:]": "a-z",
    "[:print:]": " -~",
    "[:punct:]": r"!-/:-@\[-`{-~",
    "[:space:]": r"\t\n\v\f\r ",
    "[:upper:]": "A-Z",
    "[:word:]": "0-9A-Za-z_",
    "[:xdigit:]": "0-9A-Fa-f",
    "[": r"\[",
}
_ALONE: Final = {
    r"\d": "[0-9]",
    r"\D": "[^0-9]",
    r"\w": _WORD,
    r"\W": "[^0-9A-Za-z_]",
    r"\s": r"[\t\n\f\r ]",
    r"\S": r"[^\t\n\f\r ]",
    r"\b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    r"\B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
    r"\z": r"\Z",
}


def spelled(source: str) -> str:
    """Return an expression as `re` and `regex` spell it."""
    alone = _ALONE if _LINES.search(source) else {**_ALONE, "$": r"\Z"}
    return "".join(_class(sign[0]) if sign["class"] else _sign(sign[0], alone) for sign in SIGNS.finditer(source))


def _sign(sign: str, known: dict[str, str]) -> str:
    if sign.startswith(r"\Q"):
        return re.escape(sign[2:].removesuffix(r"\E"))
    if sign.startswith(r"\x{") and int(sign[3:-1], 16) <= ord(_LAST):
        return re.escape(chr(int(sign[3:-1], 16)))
    return known.get(sign, sign)


def _class(text: str) -> str:
    opening = 2 if text.startswith("[^") else 1
    inner = _IN_CLASS.findall(text[opening:-1])
    return text[:opening] + "".join(_sign(sign, _CLASSES) for sign in inner) + "]"
