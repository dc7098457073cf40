"""Deleting: by query where the server has that, else document by document; and indices that hold nothing any more."""

from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from sec_ops.siem.elastic.failing import is_absent

__all__ = ["Removing"]

_PAGE = 2_000


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
        """Delete the indices of events that hold none; one that is written to meanwhile is made again by its writer."""
        for index in self.client.indices.get_alias(index=self._events, allow_no_indices=True):
            if self.client.count(index=index)["count"] == 0:
                self.client.indices.delete(index=index, ignore_unavailable=True)

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
