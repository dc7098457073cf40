"""What a drill measures: how long it took, phase by phase, and what was lost."""
