"""Windows events of every outward form, in one shape: `winlog.*` whole, and ECS copies of what the usual events say.

Nothing is renamed away: each value of EventData or UserData stands under `winlog.event_data.<Name>` in its exact case,
whatever else is made of it.
"""
