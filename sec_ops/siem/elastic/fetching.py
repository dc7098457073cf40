"""Events that several searches find, each once and in order, for one who judges them: all at one moment.

A search may have too many parts for the server, so there are several; each pages through its hits in the same order,
and what several found comes together. Of values kept aside more may come than is asked for.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sec_ops.model.errors import UsageError
from sec_ops.siem.elastic.compiling import PARTS_BOUND, Aside, compile_query
from sec_ops.siem.elastic.names import PLACE, RECEIVED, TOLD, WRITER, microseconds_field
from sec_ops.siem.elastic.searching import Asking
from sec_ops.siem.elastic.shaping import event_of
from sec_ops.siem.events import TIME, Event
from sec_ops.siem.query.tree import Query
from sec_ops.siem.storing import Request

__all__ = ["Fetching", "ToldEvents"]

_PAGE = 2_000
_LEAST_PAGE = 1_000
_PARTS_TRIED = (16_000, 8_000, 4_000, 2_000)
_BY_TIME = [{microseconds_field(TIME): "asc"}, {PLACE: "asc"}]
_BY_TOLD = [{TOLD: "asc"}, {PLACE: "asc"}]

Clause = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvents:
    """Events that were stored with one batch of a stream, in order of their records; microseconds of their receipt."""

    stream: str
    sequence: int
    received_us: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Fetching:
    """What one store fetches; each raises EngineError for the server's faults."""

    asking: Asking

    def parts_bound(self) -> int:
        """Return how many parts a query may have on this server, by trying."""
        for count in _PARTS_TRIED:
            terms = [{"term": {PLACE: str(number)}} for number in range(count)]
            try:
                self.asking.aggregate(Request(), {}, {"bool": {"should": terms}})
            except UsageError:
                continue
            return count * 9 // 10
        return PARTS_BOUND

    def between(self, queries: Sequence[Query], since_us: int | None, until_us: int | None) -> Iterator[Event]:
        """Yield the events that any of the queries finds within [since, until), by their time."""
        request = Request(since_us=since_us, until_us=until_us, limit=None)
        for hit in self._merged(queries, self.asking.filter(request), _BY_TIME, request):
            yield event_of(hit["_source"], self.asking.types)

    def told(self, queries: Sequence[Query], stream: str, first: int, last: int) -> Iterator[ToldEvents]:
        """Yield what any of the queries finds among the events stored with the batches `first` to `last` of a stream.

        By batch; those in which nothing is found are left out.
        """
        told = {"range": {TOLD: {"gte": first, "lte": last}}}
        within = {"bool": {"filter": [{"term": {WRITER: stream}}, told]}}
        hits = self._merged(queries, within, _BY_TOLD, Request(limit=None))
        for sequence, batch in groupby(hits, key=lambda hit: int(hit["_source"][TOLD])):
            sources = [hit["_source"] for hit in batch]
            yield ToldEvents(
                stream=stream,
                sequence=sequence,
                received_us=max(int(each[RECEIVED]) for each in sources),
                events=[event_of(each, self.asking.types) for each in sources],
            )

    def _merged(
        self, queries: Sequence[Query], within: Clause, order: Sequence[Any], request: Request
    ) -> Iterator[Mapping[str, Any]]:
        compiled = [compile_query(query, self.asking.types, Aside.ALL) for query in queries]
        whole = [{"bool": {"filter": [within, each]}} for each in compiled]
        page = max(_LEAST_PAGE, _PAGE // max(len(whole), 1))
        with self.asking.moment(request) as opened:
            if opened is None:
                return
            found = [self.asking.hits(each, order, opened, page) for each in whole]
            for _, same in groupby(heapq.merge(*found, key=_sorted_by), key=_sorted_by):
                yield next(same)


def _sorted_by(hit: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(hit["sort"][:2])
