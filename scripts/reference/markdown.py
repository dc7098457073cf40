"""Markdown as the reference pages need it: headings, tables, nothing that a value could break."""

from collections.abc import Iterable, Sequence

__all__ = ["HEAD", "code", "page", "table", "words"]

HEAD = "<!-- Made by scripts/reference from the code; do not edit. -->"


def words(text: str) -> str:
    """Return a text on one line that can stand in a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return a text as code in a table's cell; empty when there is none."""
    return f"`{words(text)}`" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def page(title: str, *parts: str) -> str:
    """Return a whole page."""
    return "\n\n".join([HEAD, f"# {title}", *(part for part in parts if part)]).rstrip() + "\n"
