"""The record of backups: what was attempted, what arrived, what is held back; status answers from it alone."""
