"""Why a rule finds an event, or doesn't: its tests one by one, over the event's own names."""
