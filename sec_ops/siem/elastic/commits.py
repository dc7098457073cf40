"""How far each stream of the raw log is stored: one document a stream, written after its events are durable."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from sec_ops.siem.elastic.failing import patiently
from sec_ops.siem.elastic.mapping import commits_body
from sec_ops.siem.elastic.names import commits_index
from sec_ops.siem.storing import Commit

__all__ = ["Commits"]

_PAGE = 500


@dataclass(slots=True)
class Commits:
    """The commits of a cluster; a stream has one writer at a time, which keeps its last commit in mind.

    Every method raises the client's errors.
    """

    client: Elasticsearch
    prefix: str
    _mine: dict[str, Commit | None] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the index if it is missing."""
        try:
            self.client.indices.create(index=commits_index(self.prefix), **commits_body())
        except BadRequestError as error:
            if "resource_already_exists_exception" not in str(error.body):
                raise

    def last(self, stream: str) -> Commit | None:
        """Return the stream's last commit, asking the server once."""
        if stream not in self._mine:
            self._mine[stream] = self._read(stream)
        return self._mine[stream]

    def is_new(self, commit: Commit) -> bool:
        """Tell whether a commit brings something new: a later batch, or the same and other lines held back."""
        last = self.last(commit.stream)
        return last is None or (commit.sequence >= last.sequence and self._whole(commit) != last)

    def keep(self, commit: Commit) -> None:
        """Keep a commit, durable on return; what it doesn't mention stays as it was."""
        whole = self._whole(commit)
        self.client.index(index=commits_index(self.prefix), id=_id(commit.stream), document=_document(whole))
        self._mine[commit.stream] = whole

    def forget(self, stream: str) -> None:
        """Ask the server again: whether the last write arrived is not known."""
        self._mine.pop(stream, None)

    def all(self) -> Mapping[str, Commit]:
        """Return the last commit of every stream."""
        index = commits_index(self.prefix)
        self.client.indices.refresh(index=index)
        found: dict[str, Commit] = {}
        after: list[Any] | None = None
        while True:
            ask = partial(
                self.client.search,
                index=index,
                size=_PAGE,
                sort=[{"stream": "asc"}],
                search_after=after,
                allow_partial_search_results=False,
            )
            page = patiently(ask)["hits"]["hits"]
            found |= {commit.stream: commit for commit in (_commit(hit["_source"]) for hit in page)}
            if len(page) < _PAGE:
                return found
            after = page[-1]["sort"]

    def _whole(self, commit: Commit) -> Commit:
        last = self.last(commit.stream)
        merged = {**(last.pending if last else {}), **commit.pending}
        pending = {source: held for source, held in merged.items() if held}
        return Commit(stream=commit.stream, sequence=commit.sequence, pending=pending)

    def _read(self, stream: str) -> Commit | None:
        try:
            found = patiently(partial(self.client.get, index=commits_index(self.prefix), id=_id(stream)))
            return _commit(found["_source"])
        except NotFoundError:
            return None


def _id(stream: str) -> str:
    return hashlib.sha256(stream.encode("utf-8", "surrogatepass")).hexdigest()


def _document(commit: Commit) -> dict[str, Any]:
    pending = {source: base64.b64encode(held).decode() for source, held in commit.pending.items()}
    # As text: a source's name can be anything, and a document's field can't.
    return {"stream": commit.stream, "sequence": commit.sequence, "pending": orjson.dumps(pending).decode()}


def _commit(source: Mapping[str, Any]) -> Commit:
    pending = {name: base64.b64decode(held) for name, held in orjson.loads(source["pending"]).items()}
    return Commit(stream=source["stream"], sequence=source["sequence"], pending=pending)
