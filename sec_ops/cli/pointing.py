"""Pointing at a character of a text that was typed."""

from sec_ops.model.text import printable

__all__ = ["pointed"]

_AROUND = 60
_BLANKS = str.maketrans("\n\r\t", "   ")


def pointed(text: str, position: int) -> list[str]:
    """Return the text, or what of it is around the position, and below it a line with a caret under the character."""
    from rich.cells import cell_len

    start = max(0, position - _AROUND)
    before = ("…" if start else "") + _line(text[start:position])
    after = _line(text[position : position + _AROUND]) + ("…" if len(text) > position + _AROUND else "")
    return [f"  {before}{after}", f"  {' ' * cell_len(before)}^"]


def _line(text: str) -> str:
    return printable(text.translate(_BLANKS))
