"""Fills the template of `parts/` with a paper. Every text is escaped and made printable; the fonts are the reader's.

The template lies as the XML files a DOCX holds, so that a change of it can be read.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined

from sec_ops.model.text import printable
from sec_ops.reports.paper import Cell, Facts, Heading, Lane, Paper, Paragraph, SignOff, Table, Timeline
from sec_ops.reports.timeline import COLOURS, TONES

__all__ = ["render_docx"]

_WIDTH = 9638  # twentieths of a point between the margins
_NAME, _NOTE = 1900, 2100
_LABEL_FROM = 200
_SIGN_HEIGHT = 1000
_MANY = 9
_USUAL, _NARROW = {"size": 0, "margin": 80}, {"size": 15, "margin": 40}
"""Size of letters in half points (0: the style's) and the margin of cells, of tables with few and with many columns."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def render_docx(paper: Paper) -> bytes:
    """Return the paper as DOCX; the same paper gives the same bytes."""
    template = DocxTemplate(BytesIO(_zipped(_parts(files(__package__).joinpath("parts"), ""))))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_harmless, trim_blocks=True, lstrip_blocks=True
    )
    tones = {name: colour.removeprefix("#") for name, colour in TONES.items()}
    context = {"paper": paper, "blocks": list(_blocks(paper)), "tones": tones}
    template.render(context, environment, autoescape=True)
    made = datetime.fromisoformat(paper.made).replace(tzinfo=None, microsecond=0)
    properties = template.docx.core_properties
    properties.created = properties.modified = made
    stream = BytesIO()
    template.save(stream)
    with zipfile.ZipFile(stream) as saved:
        return _zipped((name, saved.read(name)) for name in saved.namelist())


def _harmless(value: Any) -> Any:  # noqa: ANN401 - Jinja's interface
    return printable(value) if type(value) is str else value


def _parts(folder: Traversable, below: str) -> Iterator[tuple[str, bytes]]:
    for each in sorted(folder.iterdir(), key=lambda part: part.name):
        if each.is_dir():
            yield from _parts(each, f"{below}{each.name}/")
        else:
            yield f"{below}{each.name}", each.read_bytes()


def _zipped(parts: Iterable[tuple[str, bytes]]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _blocks(paper: Paper) -> Iterator[dict[str, Any]]:
    section = 0
    for block in paper.blocks:
        match block:
            case Heading(text, level, new_page):
                section += level == 1
                shown = f"{section}  {text}" if level == 1 else text
                yield {"kind": "heading", "text": shown, "level": level, "new_page": new_page}
            case Paragraph(text, tone):
                yield {"kind": "paragraph", "cell": Cell(text, tone)}
            case Facts(pairs):
                yield {"kind": "facts", "pairs": pairs, "widths": _widths((1.0, 3.4))}
            case Table():
                yield _table(block) if block.rows else {"kind": "paragraph", "cell": Cell(block.empty, "quiet")}
            case SignOff():
                yield _sign_off(block)
            case Timeline():
                yield _timeline(block)


def _table(table: Table) -> dict[str, Any]:
    return {
        "kind": "table",
        "titles": [each.title for each in table.columns],
        "numbers": [each.number for each in table.columns],
        "widths": _widths([each.share for each in table.columns]),
        "rows": table.rows,
        "height": 0,
        **(_NARROW if len(table.columns) > _MANY else _USUAL),
    }


def _sign_off(lines: SignOff) -> dict[str, Any]:
    return {
        "kind": "table",
        "titles": lines.columns,
        "numbers": [False] * len(lines.columns),
        "widths": _widths((1.1, 3.0, 1.4)),
        "rows": [[Cell(each) for each in row] for row in lines.rows],
        "height": _SIGN_HEIGHT,
        **_USUAL,
    }


def _timeline(picture: Timeline) -> dict[str, Any]:
    room = _WIDTH - _NAME - _NOTE
    return {
        "kind": "timeline",
        "widths": (_NAME, room, _NOTE),
        "lanes": [_lane(each, picture.ends_ms, room - 160) for each in picture.lanes],
        "legend": [
            {"text": text, "colour": COLOURS[number % len(COLOURS)].removeprefix("#")}
            for number, text in enumerate(picture.legend)
        ],
    }


def _lane(lane: Lane, ends_ms: int, room: int) -> dict[str, Any]:
    """Return a lane as cells side by side: gaps without a colour, bars with theirs."""
    parts: list[dict[str, Any]] = []
    at = 0
    for bar in lane.bars:
        left, right = (room * each // ends_ms for each in (bar.begins_ms, bar.begins_ms + bar.lasts_ms))
        if left > at:
            parts.append(_part(left - at))
        width = max(right - max(left, at), 1)
        colour = COLOURS[bar.key % len(COLOURS)].removeprefix("#")
        parts.append(_part(width, colour, str(bar.key + 1) if width >= _LABEL_FROM else ""))
        at = max(left, at) + width
    parts.append(_part(max(room - at, 1)))
    return {
        "name": lane.name,
        "note": Cell(lane.note, lane.tone),
        "parts": parts,
        "widths": [each["width"] for each in parts],
    }


def _part(width: int, colour: str = "", label: str = "") -> dict[str, Any]:
    return {"width": width, "colour": colour, "label": label}


def _widths(shares: Sequence[float]) -> tuple[int, ...]:
    whole = sum(shares)
    return tuple(int(_WIDTH * each / whole) for each in shares)
