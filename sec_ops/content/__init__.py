"""Content people edit: load with positions, overlay by id, digest, approve, lint."""
