"""Papers as PDF, laid out by typst."""

from sec_ops.reports.pdf.render import render_pdf

__all__ = ["render_pdf"]
