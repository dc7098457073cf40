"""The sandbox of a drill: restored systems run in it, and nothing of them gets out."""
