"""Reports: one package per format, all from the same numbers."""
