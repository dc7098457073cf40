"""The few stories that need several capabilities."""
