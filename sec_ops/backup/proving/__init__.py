"""The manifest 清单 of a run: what its snapshots hold, made at backup time, so that a restore is proved by it alone."""
