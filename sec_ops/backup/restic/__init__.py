"""The restic door: one executor with a deadline and a target probe for every call, one verdict for every ending."""
