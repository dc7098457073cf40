"""Hostile archives read safely: bounded streams through compression, tar and zip; nothing is written to disk."""
