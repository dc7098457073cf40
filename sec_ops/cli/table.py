"""Tables for people: aligned plain text that counts wide characters as wide."""

from collections.abc import Sequence

from sec_ops.model.text import printable

__all__ = ["table"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under their heads, columns two spaces apart; nothing is cut off."""
    from rich.cells import cell_len

    lines = [head, *([_single(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(head))]
    padded = (
        [cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)] for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in padded)


def _single(cell: str) -> str:
    return printable(cell).replace("\n", " ").replace("\t", " ")
