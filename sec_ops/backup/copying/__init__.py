"""Copying: the second site pulls what passed its gate, notices when nothing arrives, and counts what there is."""
