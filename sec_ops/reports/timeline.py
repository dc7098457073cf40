"""Draws a timeline as SVG: lanes of numbered bars over an axis. Text is escaped by the writer of XML, not by hand."""

from xml.etree.ElementTree import Element, SubElement, tostring

from sec_ops.model.text import printable
from sec_ops.reports.paper import Lane, Timeline

__all__ = ["COLOURS", "timeline_svg"]

COLOURS = ("#8a94a0", "#b58900", "#6c71c4", "#2a8f8f", "#2f6fb3", "#4a9d4a", "#c2622d", "#8c4a7d")
"""A colour for each key of the legend; the number in the bar says the same."""
TONES = {"good": "#0b6b4f", "bad": "#a3202b", "unsure": "#4d4f8f", "plain": "#1b1f24", "quiet": "#5b6470"}

_WIDTH, _LEFT, _RIGHT = 900, 190, 150
_ROW, _BAR, _TOP = 34, 20, 26
_LEGEND_COLUMNS = 4
_NUMBER_FROM = 12
_NAME_BOUND, _NOTE_BOUND = 24, 26


def timeline_svg(picture: Timeline, fonts: str) -> str:
    """Return the picture as an SVG element; `fonts` is a list of font families as CSS writes it."""
    rows = -(-len(picture.legend) // _LEGEND_COLUMNS)
    axis = _TOP + _ROW * len(picture.lanes)
    height = axis + 14 + 20 * rows
    svg = Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "width": "100%"},
    )
    svg.set("font-family", fonts)
    svg.set("font-size", "13")
    SubElement(svg, "title").text = printable(picture.said)
    for at, text in picture.ticks:
        x = _x(at, picture)
        _line(svg, x, _TOP - 6, axis, "#d4d9df")
        _text(svg, x, 14, text, anchor="middle", fill="#5b6470")
    for number, lane in enumerate(picture.lanes):
        _lane(svg, lane, picture, _TOP + _ROW * number)
    _line(svg, _x(0, picture), _TOP - 6, axis, "#1b1f24")
    for number, text in enumerate(picture.legend):
        row, column = divmod(number, _LEGEND_COLUMNS)
        _key(svg, number, text, 10 + column * (_WIDTH // _LEGEND_COLUMNS), axis + 14 + 20 * row)
    return tostring(svg, encoding="unicode")


def _lane(svg: Element, lane: Lane, picture: Timeline, top: int) -> None:
    middle = top + _ROW / 2
    _text(svg, _LEFT - 10, middle + 5, _cut(lane.name, _NAME_BOUND), anchor="end", fill="#1b1f24")
    for bar in lane.bars:
        left, right = _x(bar.begins_ms, picture), _x(bar.begins_ms + bar.lasts_ms, picture)
        width = max(right - left, 1.0)
        _box(svg, left, middle - _BAR / 2, width, COLOURS[bar.key % len(COLOURS)])
        if width >= _NUMBER_FROM:
            _text(svg, left + width / 2, middle + 5, str(bar.key + 1), anchor="middle", fill="#ffffff")
    if lane.target_ms is not None:
        x = _x(lane.target_ms, picture)
        mark = _line(svg, x, top + 2, top + _ROW - 2, "#a3202b")
        mark.set("stroke-width", "2")
        mark.set("stroke-dasharray", "4 2")
        SubElement(mark, "title").text = printable(picture.target)
    _text(svg, _WIDTH - _RIGHT + 12, middle + 5, _cut(lane.note, _NOTE_BOUND), anchor="start", fill=TONES[lane.tone])


def _key(svg: Element, number: int, text: str, left: float, top: float) -> None:
    _box(svg, left, top, 14, COLOURS[number % len(COLOURS)], 14)
    _text(svg, left + 20, top + 12, text, anchor="start", fill="#1b1f24")


def _x(milliseconds: int, picture: Timeline) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * milliseconds / picture.ends_ms, 2)


def _line(svg: Element, x: float, top: float, bottom: float, colour: str) -> Element:
    values = {"x1": x, "x2": x, "y1": top, "y2": bottom}
    return SubElement(svg, "line", {**{name: f"{value:g}" for name, value in values.items()}, "stroke": colour})


def _box(svg: Element, left: float, top: float, width: float, colour: str, height: float = _BAR) -> None:
    values = {"x": left, "y": top, "width": width, "height": height}
    SubElement(svg, "rect", {**{name: f"{value:g}" for name, value in values.items()}, "fill": colour})


def _text(svg: Element, x: float, y: float, text: str, *, anchor: str, fill: str) -> None:
    values = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "fill": fill}
    SubElement(svg, "text", values).text = printable(text)


def _cut(text: str, bound: int) -> str:
    """Return as much of a text as fits; a Chinese character takes the room of two."""
    room = bound
    for number, character in enumerate(text):
        room -= 2 if ord(character) > 0x2E80 else 1
        if room < 0:
            return text[: max(number - 1, 1)] + "…"
    return text
