"""One self-contained page: prints well, needs no network, holds no script."""

from sec_ops.reports.html.render import render_html

__all__ = ["render_html"]
