"""Holding files still while they are saved: a snapshot of their volume, seen at the paths they have always had."""
