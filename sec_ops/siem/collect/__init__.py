"""Fetching logs over SSH: files through rotation, journals by cursor, each record once."""
