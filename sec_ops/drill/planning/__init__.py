"""Planning a drill: from a scenario to systems in order, with targets, repositories and all that proves them."""
