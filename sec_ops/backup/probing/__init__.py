"""Immutability 防删除 is tried, not believed: attacks on a snapshot made for it, each refusal recorded."""
