"""Live detection: events judged as they come, with everything that has to survive the process in one transaction."""
