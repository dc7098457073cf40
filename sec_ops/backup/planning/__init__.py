"""Planning: whether plans fit the inventory, the targets and the map, and which jobs they make."""
