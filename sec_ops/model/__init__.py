"""Values of the field, evidence kinds and protocols: no I/O, no third party but pydantic."""
