"""A workbook in the shape assessors use: clause, object, result record, verdict, evidence."""

from sec_ops.reports.xlsx.render import render_xlsx

__all__ = ["render_xlsx"]
