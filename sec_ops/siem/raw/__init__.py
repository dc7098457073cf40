"""The raw log: what every source handed over, on disk before anybody is told so, chained, and read again from there.

`RawLog` appends, `Cursor` and `read_stream` read, `verify_raw` recomputes the chain, `seal_raw` puts its heads into the
evidence log, `removable` and `remove` are for retention (ADR 27, ADR 30).
"""
