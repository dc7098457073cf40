"""Graded-protection audits: catalogue, collector, judging, assessing."""
