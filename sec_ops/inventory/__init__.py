"""Organisation tree, key systems and hosts."""
