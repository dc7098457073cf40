"""Backup 备份: key systems saved by restic across two sites, one verdict for every fault, a fact for every claim."""
