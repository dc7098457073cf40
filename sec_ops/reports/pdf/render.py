"""Lays a paper out as PDF with typst. Texts reach it as data, never as markup, so nothing in them can act.

Chinese needs a font of this machine; without it every such character would be an empty box, so there is no PDF then.
"""

import json
import re
from datetime import datetime
from importlib.resources import files
from typing import Any

import typst

from sec_ops.model.errors import ProgramFailed, ProgramMissing
from sec_ops.model.messages import message
from sec_ops.model.text import printable
from sec_ops.reports.paper import Cell, Facts, Heading, Paper, Paragraph, SignOff, Table, Timeline
from sec_ops.reports.timeline import timeline_svg

__all__ = ["FONT", "PACKAGE", "render_pdf"]

FONT = "Noto Sans CJK SC"
PACKAGE = "fonts-noto-cjk"
_LONG = re.compile(r"[!-~]{20,}")
_PIECE = re.compile(r"([/,;:=_.@-]+|[^/,;:=_.@-]{16})")
_ZERO_WIDTH_SPACE = "\u200b"


def render_pdf(paper: Paper, fonts: typst.Fonts | None = None) -> bytes:
    """Return the paper as PDF; the same paper gives the same bytes.

    `fonts` are those of this machine. Raises ProgramMissing without the font, ProgramFailed when typst gives up.
    """
    fonts = fonts or typst.Fonts()
    if FONT not in fonts.families():
        raise ProgramMissing(
            message("the font {font} is not installed, and a PDF would show no Chinese", font=FONT),
            advice=message("apt-get install {package}", package=PACKAGE),
        )
    source = files(__package__).joinpath("paper.typ").read_bytes()
    compiler = typst.Compiler(source, font_paths=fonts, sys_inputs={"paper": json.dumps(_document(paper))})
    try:
        made, _warnings = compiler.compile_with_warnings(
            format="pdf", timestamp=datetime.fromisoformat(paper.made).replace(microsecond=0)
        )
    except typst.TypstError as error:
        raise ProgramFailed(message("typst could not lay the report out"), why=printable(str(error))) from error
    if not isinstance(made, bytes):
        raise ProgramFailed(message("typst could not lay the report out"))
    return made


def _document(paper: Paper) -> dict[str, Any]:
    return {
        "language": paper.language,
        "font": FONT,
        "title": _text(paper.title),
        "subtitle": _text(paper.subtitle),
        "running": printable(paper.running),
        "verdict": _cell(paper.verdict),
        "blocks": [_block(each) for each in paper.blocks],
    }


def _block(block: object) -> dict[str, Any]:
    match block:
        case Heading(text, level, new_page):
            return {"kind": "heading", "text": _text(text), "level": level, "new_page": new_page}
        case Paragraph(text, tone):
            return {"kind": "paragraph", "text": _text(text), "tone": tone}
        case Facts(pairs):
            return {"kind": "facts", "pairs": [[_text(name), _cell(value)] for name, value in pairs]}
        case Table(columns, rows, empty):
            return {
                "kind": "table",
                "columns": [[_text(each.title), each.share, each.number] for each in columns],
                "rows": [[_cell(each) for each in row] for row in rows],
                "empty": _text(empty),
            }
        case SignOff(titles, rows):
            return {"kind": "sign_off", "columns": list(titles), "rows": [list(row) for row in rows]}
        case Timeline():
            return {"kind": "picture", "svg": timeline_svg(block, FONT), "said": _text(block.said)}
    raise TypeError(type(block))


def _cell(cell: Cell) -> dict[str, Any]:
    return {"text": _text(cell.text), "tone": cell.tone, "fixed": cell.fixed}


def _text(text: str) -> str:
    """Return a text that can be set: printable, and with places to break in what has no spaces."""
    return _LONG.sub(lambda found: _PIECE.sub(rf"\1{_ZERO_WIDTH_SPACE}", found[0]), printable(text))
