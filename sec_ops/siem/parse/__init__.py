"""Parsers of logs: raw batches in, ECS events out (`sec_ops.siem.understanding`)."""
