"""The server's and the client's errors in our own words; foreign exceptions don't leave this room."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from elastic_transport import ConnectionError as Unreachable
from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, UnsupportedProductError

from sec_ops.model.errors import EngineError, UsageError
from sec_ops.model.messages import Message, message

__all__ = ["engine_error", "is_absent", "patiently", "query_failures", "reason_of", "speaking"]

_TOO_MUCH = ("too_many_clauses", "too_many_nested_clauses", "too_complex_to_determinize_exception")
_TOO_MUCH_TEXTS = ("too many clauses", "maxClauseCount", "would require more than", "automaton is too large")
_ABSENT_TEXTS = ("no handler found", "allowed:", "must not start with '_'", "unknown setting", "Unknown")
_LONGEST_REASON = 500
_UNAVAILABLE = 503
_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.2)
Response = TypeVar("Response")


@contextmanager
def speaking(where: str) -> Iterator[None]:
    """Raise EngineError for what goes wrong while the server is spoken to; `where` is its address."""
    try:
        yield
    except (ApiError, TransportError, UnsupportedProductError) as error:
        raise engine_error(error, where) from error


@contextmanager
def query_failures(where: str) -> Iterator[None]:
    """Like `speaking`, but raise UsageError for a search that asks more of the server than it does at once."""
    try:
        yield
    except ApiError as error:
        text = str(error.body)
        if error.status_code in (400, 500) and any(each in text for each in (*_TOO_MUCH, *_TOO_MUCH_TEXTS)):
            what = message("the search stands for too many terms at once")
            advice = message("write more of the words, with fewer * and ?")
            raise UsageError(what, where=where, why=reason_of(error), advice=advice) from error
        raise engine_error(error, where) from error
    except (TransportError, UnsupportedProductError) as error:
        raise engine_error(error, where) from error


def patiently(ask: Callable[[], Response], sleep: Callable[[float], None] = time.sleep) -> Response:
    """Ask again for two seconds when a shard isn't there: that of an index just made starts within a moment.

    Raises the client's errors.
    """
    for pause in _PAUSES_SECONDS:
        try:
            return ask()
        except ApiError as error:
            if error.status_code != _UNAVAILABLE:
                raise
            sleep(pause)
    return ask()


def engine_error(error: Exception, where: str) -> EngineError:
    """Return what a person is told."""
    return EngineError(_what(error), where=where, why=reason_of(error), advice=_advice(error))


def is_absent(error: ApiError) -> bool:
    """Tell whether the answer means that the server doesn't have what was asked for.

    A missing API doesn't say so: its path falls through to the one of indices, which refuses the name or the method.
    """
    if error.status_code == 405:
        return True
    return error.status_code in (400, 404) and any(each in str(error.body) for each in _ABSENT_TEXTS)


def reason_of(error: Exception) -> str:
    """Return the innermost reason the server gave, bounded; else what the client says."""
    if isinstance(error, ApiError):
        return _innermost(error.body)[:_LONGEST_REASON]
    return str(error)[:_LONGEST_REASON]


def _innermost(body: object) -> str:
    found: Any = body.get("error", body) if isinstance(body, dict) else body
    while isinstance(found, dict):
        shards = found.get("failed_shards") or [{}]
        deeper = found.get("caused_by") or shards[0].get("reason")
        if not isinstance(deeper, dict):
            return f"{found.get('type', '')}: {found.get('reason', '')}"
        found = deeper
    return str(found)


def _what(error: Exception) -> Message:
    match error:
        case ConnectionTimeout():
            return message("Elasticsearch did not answer within its deadline")
        case TlsError():
            return message("the TLS certificate of Elasticsearch was not accepted")
        case Unreachable():
            return message("Elasticsearch can't be reached")
        case UnsupportedProductError():
            return message("what answers is not Elasticsearch")
        case ApiError() if error.status_code in (401, 403):
            return message("Elasticsearch refuses this account")
        case ApiError() if error.status_code == 429:
            return message("Elasticsearch is too busy")
        case ApiError() if error.status_code == 503:
            return message("part of Elasticsearch's data is not available now")
    return message("Elasticsearch refused a request")


def _advice(error: Exception) -> Message:
    match error:
        case TlsError():
            return message("name the authority's certificate as logs: elasticsearch: ca: in sec-ops.yml")
        case ApiError() if error.status_code in (401, 403):
            return message("check logs: elasticsearch: api_key (or user and password) and the rights it has")
        case UnsupportedProductError():
            return message("check logs: elasticsearch: urls in sec-ops.yml")
    return message("look at the cluster's health and log, then run the command again; nothing acknowledged is lost")
