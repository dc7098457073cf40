"""Faults for rehearsals, in the drill's own copies: never in production, never in its repositories."""
