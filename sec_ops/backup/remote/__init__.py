"""Sources on hosts: read and saved where they are, by restic there, through a tunnel back to the repository."""
