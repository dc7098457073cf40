"""Lines of JSON to the events that a rule may find (ADR 52)."""
