"""People, roles, keys and approvals."""
