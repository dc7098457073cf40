"""Retaining: restore points, which of them are kept, and the gate before anything is copied or dropped."""
