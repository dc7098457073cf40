"""Papers as DOCX, to be worked on in a word processor."""

from sec_ops.reports.docx.render import render_docx

__all__ = ["render_docx"]
