"""Lays a paper out as one HTML page that needs nothing from outside; every value is escaped and made printable."""

from markupsafe import Markup

from sec_ops.reports.html.render import environment
from sec_ops.reports.paper import Paper
from sec_ops.reports.timeline import timeline_svg

__all__ = ["render_paper"]

_FONTS = "'Noto Sans CJK SC', 'Source Han Sans SC', 'Microsoft YaHei', 'PingFang SC', system-ui, sans-serif"


def render_paper(paper: Paper) -> bytes:
    """Return the paper as a page, UTF-8."""
    page = environment(paper.language).get_template("paper.html")
    text = page.render(
        paper=paper,
        kind=lambda block: type(block).__name__,
        drawn=lambda picture: Markup(timeline_svg(picture, _FONTS)),  # noqa: S704 - the XML writer escaped its texts
    )
    return text.encode("utf-8", "backslashreplace")
