r"""Text of a record's bytes, by a stated rule; what can't be read stays visible.

1. What the source's `encoding` says, when it is known and fits every byte.
2. A byte order mark.
3. UTF-8, when every byte fits.
4. UTF-16 without a mark, when every second byte of at least two is NUL (either order).
5. GB18030 (which holds GBK and GB 2312), when every byte fits and at least one character is no private one.
6. UTF-8, with each byte that doesn't fit written as `\xNN`.
"""

import codecs
from typing import Final

__all__ = ["decode", "known_encoding"]

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PRIVATE: Final = ("\ue000", "\uf8ff")


def known_encoding(name: str) -> str:
    """Return the codec of an encoding's name, empty when there is none that makes text of bytes."""
    try:
        found = codecs.lookup(name)
        b"a".decode(found.name)
    except (LookupError, ValueError):
        return ""
    return "gb18030" if found.name in ("gbk", "gb2312") else found.name


def decode(data: bytes, encoding: str = "") -> str:
    """Return the text of a record; `encoding` is a codec's name, or empty when nothing is known."""
    if not encoding or encoding == "utf-8":
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return _guessed(data)
        return _guessed(data) if "\0" in text or text[:1] == "\ufeff" else text
    return _strict(data, encoding) or _guessed(data)


def _guessed(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "backslashreplace")
    wide = _wide(data) if b"\0" in data else None
    return wide or _strict(data, "utf-8") or _chinese(data) or data.decode("utf-8", "backslashreplace")


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, ValueError):
        return None


def _chinese(data: bytes) -> str | None:
    text = _strict(data, "gb18030")
    if text is None or all(_PRIVATE[0] <= character <= _PRIVATE[1] for character in text if character > "\x7f"):
        return None
    return text


def _wide(data: bytes) -> str | None:
    """Read UTF-16 that was cut at the byte of a line feed, which leaves the other half of it at an end."""
    if data[1::2].count(0) * 2 > len(data) // 2 and len(data) > 1:
        return data[: len(data) & ~1].decode("utf-16-le", "backslashreplace")
    if data[::2].count(0) * 2 > len(data) // 2 and len(data) > 1:
        if data[:1] == b"\0" and len(data) % 2 and data[2::2].count(0) * 2 > len(data) // 2:
            return data[1:].decode("utf-16-le", "backslashreplace")
        return data[: len(data) & ~1].decode("utf-16-be", "backslashreplace")
    return None
