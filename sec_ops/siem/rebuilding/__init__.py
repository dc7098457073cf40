"""Making events again from the raw log when event files or the manifest were damaged or lost (ADR 53)."""
