"""The fast engine: every distinct value of a field is judged once, for all tests of the field together (ADR 40)."""
