"""Questions to the server: events streamed from one point in time, and counts made where the events lie."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from elastic_transport import ObjectApiResponse
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from sec_ops.model.errors import EngineError
from sec_ops.siem.elastic.compiling import compile_query
from sec_ops.siem.elastic.failing import patiently, query_failures
from sec_ops.siem.elastic.names import ODD, PLACE, events_indices, is_plain, microseconds_field
from sec_ops.siem.elastic.shaping import event_of
from sec_ops.siem.elastic.sorting import sort_of
from sec_ops.siem.events import TIME, Event, FieldTypes
from sec_ops.siem.storing import Request

__all__ = ["Asking"]

_PAGE = 2_000
_BUCKETS = 5_000
_KEPT_OPEN = "10m"


@dataclass(frozen=True, slots=True)
class Asking:
    """The questions one store asks; each raises EngineError for the server's faults, UsageError for the search's."""

    client: Elasticsearch
    prefix: str
    types: FieldTypes
    where: str

    def events(self, request: Request) -> Iterator[Event]:
        """Yield the events asked for, in order, as they were at one moment."""
        for _, event in self.placed(request):
            yield event

    def placed(self, request: Request) -> Iterator[tuple[str, Event]]:
        """Yield the events with their document ids."""
        query = self.filter(request)
        order = sort_of(request, self.types)
        with self.moment(request) as opened:
            if opened is not None:
                for hit in self._hits(request, query, order, opened):
                    yield hit["_id"], event_of(hit["_source"], self.types, request.fields)

    def by_place(self, query: Mapping[str, Any]) -> Iterator[tuple[str, Event]]:
        """Yield all events of a query of the server's with their document ids, in the order of these."""
        with self.moment(Request()) as opened:
            if opened is not None:
                for hit in self.hits(query, [{PLACE: "asc"}], opened):
                    yield hit["_id"], event_of(hit["_source"], self.types)

    @contextmanager
    def moment(self, request: Request) -> Iterator[str | None]:
        """Hold on to what is stored now, of the request's span, for as long as the block runs; None: there is nothing.

        Several searches may ask of the one moment at once.
        """
        opened = self._open(request)
        try:
            yield opened
        finally:
            if opened is not None:
                self._close(opened)

    def hits(
        self, query: Mapping[str, Any], order: Sequence[Any], opened: str, page: int = _PAGE
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the documents of a query of the server's, as the server tells them, in an order that has no ties."""
        yield from self._hits(Request(limit=None), query, order, opened, page)

    def filter(self, request: Request) -> dict[str, Any]:
        """Return the query with its span."""
        span: dict[str, int] = {}
        if request.since_us is not None:
            span["gte"] = request.since_us
        if request.until_us is not None:
            span["lt"] = request.until_us
        query = compile_query(request.query, self.types)
        if not span:
            return query
        return {"bool": {"filter": [{"range": {microseconds_field(TIME): span}}, query]}}

    def aggregate(
        self, request: Request, aggregations: Mapping[str, Any], query: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Return the total of hits (`total`) and the aggregations of a request, over all shards or not at all."""
        found = self._patiently(
            partial(
                self.client.search,
                index=events_indices(self.prefix, request.since_us, request.until_us),
                ignore_unavailable=True,
                allow_no_indices=True,
                allow_partial_search_results=False,
                size=0,
                track_total_hits=True,
                query=self.filter(request) if query is None else query,
                aggregations=aggregations or None,
            )
        )
        return {"total": found["hits"]["total"]["value"], **found.body.get("aggregations", {})}

    def aggregate_all(self, query: Mapping[str, Any], aggregations: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return total and aggregations of a query of the server's, over all events."""
        return self.aggregate(Request(), aggregations, query)

    def composite(
        self,
        request: Request,
        sources: Sequence[Mapping[str, Any]],
        inner: Mapping[str, Any],
        query: Mapping[str, Any] | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Yield all buckets of the sources' combinations, page by page."""
        after: Mapping[str, Any] | None = None
        while True:
            paging = {"after": after} if after else {}
            body = {"composite": {"size": _BUCKETS, "sources": list(sources), **paging}, "aggregations": dict(inner)}
            page = self.aggregate(request, {"buckets": body}, query).get("buckets", {})
            yield from page.get("buckets", ())
            after = page.get("after_key")
            if not after:
                return

    def _open(self, request: Request) -> str | None:
        index = events_indices(self.prefix, request.since_us, request.until_us)
        try:
            opened = self._patiently(
                partial(
                    self.client.open_point_in_time,
                    index=index,
                    keep_alive=_KEPT_OPEN,
                    ignore_unavailable=True,
                    allow_partial_search_results=False,
                )
            )
        except EngineError as error:
            if isinstance(error.__cause__, NotFoundError):
                return None
            raise
        return str(opened["id"])

    def _patiently(self, ask: Callable[[], ObjectApiResponse[Any]]) -> ObjectApiResponse[Any]:
        with query_failures(self.where):
            return patiently(ask)

    def _hits(
        self, request: Request, query: Mapping[str, Any], order: Sequence[Any], opened: str, page: int = _PAGE
    ) -> Iterator[Mapping[str, Any]]:
        left = request.limit
        after: list[Any] | None = None
        while left is None or left > 0:
            size = page if left is None else min(page, left)
            with query_failures(self.where):
                found = self.client.search(
                    pit={"id": opened, "keep_alive": _KEPT_OPEN},
                    size=size,
                    query=query,
                    sort=order,
                    search_after=after,
                    track_total_hits=False,
                    source=self._source(request.fields),
                )
            hits = found["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]
            opened = found.body.get("pit_id", opened)
            left = None if left is None else left - len(hits)

    def _source(self, fields: Sequence[str]) -> Mapping[str, Any] | bool:
        return {"includes": [ODD, *(name for name in fields if is_plain(name))]} if fields else True

    def _close(self, opened: str) -> None:
        try:
            self.client.close_point_in_time(id=opened)
        except (ApiError, OSError):
            return  # It closes by itself after its time.
