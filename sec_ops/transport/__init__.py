"""The doors outward: only here are processes started and outbound connections opened."""
