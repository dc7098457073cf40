"""Restoring 恢复: into a new place, counted and compared with the manifest, so that it is proved and not believed."""
