"""The report of a drill 演练报告, in HTML, PDF and DOCX."""

from sec_ops.reports.drill.paper import drill_paper
from sec_ops.reports.drill.writing import FORMATS, drill_report, write_report

__all__ = ["FORMATS", "drill_paper", "drill_report", "write_report"]
