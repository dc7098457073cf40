"""The indexer: from batches that are on disk to events in a store, each once, however often it is killed (ADR 27).

`StreamIndex` understands one stream, fed by the process that writes it or by reading it; `Follower` keeps up with all
streams that nobody else understands.
"""
