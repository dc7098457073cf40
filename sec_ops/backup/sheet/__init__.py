"""The printed sheet 恢复单: everything a person needs to restore every system without this program."""
