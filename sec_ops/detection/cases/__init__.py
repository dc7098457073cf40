"""Cases: what a rule is tested with, and whether it finds what it should and nothing else."""
