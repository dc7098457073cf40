"""Making text from outside harmless to read: logs, host output and file names are hostile."""

import unicodedata

__all__ = ["bytes_text", "printable"]

_KEPT = frozenset("\t\n")
_DANGEROUS_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Return `text` with escape codes, other control, bidirectional and surrogate characters spelled as `\xNN`.

    Tabs and line ends stay. A terminal, a page or a log line that shows the result shows what was there.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _DANGEROUS_CATEGORIES:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def bytes_text(count: int) -> str:
    """Return a number of bytes as people read it, in powers of ten: `315 kB`, `1.2 GB`."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < _THOUSAND:
            break
        size, unit = size / _THOUSAND, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= _TEN else f"{size:.1f} {unit}"


_THOUSAND, _TEN = 1000, 10
