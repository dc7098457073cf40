"""What sources share: the tap between a dump and restic, sessions with databases, counts."""
