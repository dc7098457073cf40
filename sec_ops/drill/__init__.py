"""Drills 演练: a real restore in isolation, measured, proved and sealed."""
