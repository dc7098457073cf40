"""Drills: what needs both the room of backups and the room of drills."""
