"""Running a plan: hooks, sources held still, one restic call a part, the manifest, one verdict; nothing silent."""
