"""Security operations and disaster recovery whose evidence an auditor verifies offline."""

__version__ = "0.1.0"
