"""Deleting: by query where the server has that, else document by document; and indices that hold nothing any more."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from sec_ops.siem.elastic.failing import is_absent, patiently

__all__ = ["Removing"]

_PAGE = 2_000
_INDICES = 10_000


@dataclass(slots=True)
class Removing:
    """What one store deletes; every method raises the client's errors."""

    client: Elasticsearch
    prefix: str
    _by_query: bool = True

    @property
    def _events(self) -> str:
        return f"{self.prefix}-events-*"

    def remove(self, query: dict[str, Any]) -> None:
        """Delete the events of a query, those that were just written included."""
        self.client.indices.refresh(index=self._events, ignore_unavailable=True, allow_no_indices=True)
        if self._by_query:
            try:
                self._remove_by_query(query)
            except ApiError as error:
                if not is_absent(error):
                    raise
                self._by_query = False
        if not self._by_query:
            self._remove_one_by_one(query)

    def remove_empty(self) -> None:
        """Delete the indices of events that hold none.

        Each is closed to writers while it is looked at, who then wait; what a process that died left closed is opened.
        """
        self.client.indices.refresh(index=self._events, allow_no_indices=True)
        ask = partial(
            self.client.search,
            index=self._events,
            size=0,
            aggregations={"indices": {"terms": {"field": "_index", "size": _INDICES}}},
            allow_no_indices=True,
            allow_partial_search_results=False,
        )
        found = patiently(ask)
        holding = {each["key"] for each in found.body.get("aggregations", {}).get("indices", {}).get("buckets", ())}
        settings = self.client.indices.get_settings(
            index=self._events, name="index.blocks.write", flat_settings=True, allow_no_indices=True
        )
        closed = {index for index, each in settings.items() if each["settings"].get("index.blocks.write") == "true"}
        known = self.client.indices.get_alias(index=self._events, allow_no_indices=True)
        for index in sorted((set(known) - holding) | closed):
            self._remove_if_empty(index)

    def _remove_if_empty(self, index: str) -> None:
        # Unlike the setting of that name, this waits for writes under way: none is acknowledged after we have looked.
        self.client.indices.add_block(index=index, block="write")
        self.client.indices.refresh(index=index)
        found = self.client.search(index=index, size=0, track_total_hits=True, allow_partial_search_results=False)
        if found["hits"]["total"]["value"] == 0:
            self.client.indices.delete(index=index, ignore_unavailable=True)
        else:
            self.client.indices.put_settings(index=index, settings={"index.blocks.write": None})

    def _remove_by_query(self, query: dict[str, Any]) -> None:
        self.client.options(request_timeout=3600).delete_by_query(
            index=self._events,
            query=query,
            conflicts="proceed",
            refresh=True,
            ignore_unavailable=True,
            allow_no_indices=True,
        )

    def _remove_one_by_one(self, query: dict[str, Any]) -> None:
        while True:
            page = self.client.search(
                index=self._events,
                query=query,
                size=_PAGE,
                source=False,
                allow_no_indices=True,
                allow_partial_search_results=False,
            )["hits"]["hits"]
            if not page:
                return
            actions = [{"delete": {"_index": hit["_index"], "_id": hit["_id"]}} for hit in page]
            self.client.bulk(operations=actions, refresh=True)
