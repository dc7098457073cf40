"""What a drill says: levels of disaster recovery, the trend, what people did, and its sealed form. Pure."""

from sec_ops.drill.judging.judging import Readiness, judged
from sec_ops.drill.judging.sealing import sealed_drill, sealed_note
from sec_ops.drill.judging.summary import drill_summary, seal_summary

__all__ = ["Readiness", "drill_summary", "judged", "seal_summary", "sealed_drill", "sealed_note"]
