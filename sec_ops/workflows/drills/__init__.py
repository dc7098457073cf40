"""Drills: backups and the drill's sandbox put together."""
