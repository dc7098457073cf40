"""Compiled code for what every line and every new value costs, where it was built; Python does the same (ADR 52)."""
