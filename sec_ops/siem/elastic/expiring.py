"""Whole days that are sealed and let go."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from sec_ops.siem.elastic.counting import Counting, day_filter
from sec_ops.siem.elastic.failing import speaking
from sec_ops.siem.elastic.names import RECEIVED
from sec_ops.siem.elastic.removing import Removing
from sec_ops.siem.events import Event
from sec_ops.siem.storing import DatasetDay

__all__ = ["Days"]


@dataclass(frozen=True, slots=True)
class Days:
    """Days of datasets; every method raises EngineError."""

    counting: Counting
    removing: Removing

    def events(self, day: DatasetDay) -> Iterator[tuple[str, Event]]:
        """Yield the events of a day with their document ids, in the order of these."""
        return self.counting.asking.by_place(day_filter(day))

    def digest(self, day: DatasetDay) -> str:
        """Return the SHA-256 of the day's events as canonical JSON lines, each with its id, in the order of ids."""
        whole = hashlib.sha256()
        for place, event in self.events(day):
            whole.update(orjson.dumps([place, event], option=orjson.OPT_SORT_KEYS) + b"\n")
        return whole.hexdigest()

    def remove(self, day: DatasetDay, sha256: str) -> bool:
        """Delete what the digest speaks of; what is received from now on is another matter and stays."""
        asking = self.counting.asking
        last = {"last": {"max": {"field": RECEIVED}}}
        found = asking.aggregate_all(day_filter(day), last)
        if not found["total"] or self.digest(day) != sha256:
            return False
        until = {"range": {RECEIVED: {"lte": int(found["last"]["value"])}}}
        with speaking(asking.where):
            self.removing.remove({"bool": {"filter": [day_filter(day), until]}})
            self.removing.remove_empty()
        return True
