"""How expected log sources stand, and the daily summary that is sealed of it."""
