"""Bulk writes: bounded requests; what is refused for now is told again after a jittered pause.

Documents carry their own ids, so that a request whose answer was lost can be repeated without storing twice.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import orjson
from elastic_transport import ApiResponseMeta, ConnectionTimeout
from elastic_transport import ConnectionError as Unreachable
from elasticsearch import ApiError, Elasticsearch

from sec_ops.siem.elastic.failing import engine_error, reason_of

__all__ = ["Document", "Pace", "Refused", "write"]

_CHUNK_BYTES = 8 * 1024 * 1024
_CHUNK_COUNT = 4_000
_TOO_LARGE = 413
_TRY_LATER = (429, 502, 503, 504)
_FAULTY = 400
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Document:
    """A document, the alias it goes to and its id; `number` is the caller's."""

    alias: str
    id: str
    body: bytes
    number: int

    def lines(self) -> bytes:
        """Return what a bulk request says of it."""
        action = {"index": {"_index": self.alias, "_id": self.id, "require_alias": True}}
        return orjson.dumps(action) + b"\n" + self.body


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that the server won't take, by the caller's number; `gone` when its index was taken away meanwhile."""

    number: int
    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a write is tried, and how it waits in between: clock, randomness and sleep come from outside.

    The server is given `server_seconds` to find a shard, less than the deadline of the request.
    """

    retry_seconds: float = 300
    server_seconds: float = 30
    monotonic: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = random.uniform
    sleep: Callable[[float], None] = time.sleep


def write(client: Elasticsearch, documents: Sequence[Document], pace: Pace, where: str) -> list[Refused]:
    """Write all documents, and return those that were refused for what they are; the others are durable.

    Raises EngineError when the server could not be reached, was too busy or lacked a shard for `retry_seconds`.
    """
    return [refused for chunk in _chunks(documents) for refused in _write_chunk(client, chunk, pace, where)]


def _chunks(documents: Sequence[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    size = 0
    for document in documents:
        if chunk and (size + len(document.body) > _CHUNK_BYTES or len(chunk) >= _CHUNK_COUNT):
            yield chunk
            chunk, size = [], 0
        chunk.append(document)
        size += len(document.body)
    if chunk:
        yield chunk


def _write_chunk(client: Elasticsearch, chunk: list[Document], pace: Pace, where: str) -> list[Refused]:
    began, attempt = pace.monotonic(), 0
    refused: list[Refused] = []
    while chunk:
        failure: Exception | None = None
        try:
            outcome = _send(client, chunk, pace.server_seconds)
            refused += outcome.refused
            chunk, failure = outcome.again, outcome.failure
        except ApiError as error:
            if error.status_code == _TOO_LARGE:
                return refused + _halved(client, chunk, pace, where, error)
            if error.status_code not in _TRY_LATER:
                raise engine_error(error, where) from error
            failure = error
        except (Unreachable, ConnectionTimeout) as error:
            failure = error
        if chunk and failure is not None:
            if pace.monotonic() - began >= pace.retry_seconds:
                raise engine_error(failure, where) from failure
            longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
            pace.sleep(pace.uniform(0, longest))
            attempt += 1
    return refused


def _halved(client: Elasticsearch, chunk: list[Document], pace: Pace, where: str, error: ApiError) -> list[Refused]:
    if len(chunk) == 1:
        return [Refused(chunk[0].number, reason_of(error))]
    middle = len(chunk) // 2
    halves = (chunk[:middle], chunk[middle:])
    return [refused for half in halves for refused in _write_chunk(client, half, pace, where)]


@dataclass(frozen=True, slots=True)
class _Outcome:
    refused: list[Refused]
    again: list[Document]
    failure: Exception | None


def _send(client: Elasticsearch, chunk: list[Document], seconds: float) -> _Outcome:
    response = client.bulk(
        operations=cast("Any", [each.lines() for each in chunk]),
        timeout=f"{int(seconds * 1000)}ms",
        filter_path=["errors", "items.*.status", "items.*.error"],
    )
    if not response.body.get("errors"):
        return _Outcome([], [], None)
    refused, again = [], []
    failure: Exception | None = None
    for document, item in zip(chunk, response.body["items"], strict=True):
        result: dict[str, Any] = next(iter(item.values()))
        status, error = result["status"], result.get("error")
        if error is None:
            continue
        if status in (_FAULTY, _TOO_LARGE):
            refused.append(Refused(document.number, reason_of(_as_error(response.meta, status, error))))
        elif status == 404:
            refused.append(Refused(document.number, "", gone=True))
        else:
            again.append(document)
            failure = _as_error(response.meta, status, error)
    return _Outcome(refused, again, failure)


def _as_error(meta: ApiResponseMeta, status: int, error: object) -> ApiError:
    """Return one document's error as the client would raise it."""
    return ApiError(str(status), meta=replace(meta, status=status), body={"error": error})
