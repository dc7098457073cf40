r"""Text of a record's bytes, by a stated rule; what can't be read stays visible.

1. What the source's `encoding` says, when it is known and fits every byte.
2. A byte order mark.
3. UTF-16 without a mark, when more than half of every second byte is NUL (either order).
4. UTF-8, when every byte fits, or all but a last character that was cut off.
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
_FEWEST_WIDE: Final = 4
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
    return wide or _cut_short(data) or _chinese(data) or data.decode("utf-8", "backslashreplace")


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
    """Read UTF-16 whose lines were cut at the byte of a line feed, which leaves the other half of it at an end."""
    odd = len(data) % 2
    for name, whole in (("utf-16-le", data[odd:]), ("utf-16-be", data[: len(data) - odd])):
        cut = data[:1] if name == "utf-16-le" else data[-1:]
        nuls = whole[1::2] if name == "utf-16-le" else whole[::2]
        if len(whole) >= _FEWEST_WIDE and nuls.count(0) * 2 > len(nuls) and not (odd and cut != b"\0"):
            return whole.decode(name, "backslashreplace")
    return None


def _cut_short(data: bytes) -> str | None:
    """Read UTF-8 whose last character was cut, as a bounded datagram's is; earlier ones show that it is UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        at_end = error.reason == "unexpected end of data" and not data[: error.start].isascii()
        return data.decode("utf-8", "backslashreplace") if at_end else None
