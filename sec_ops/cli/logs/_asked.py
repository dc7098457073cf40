"""What a search asks for, read from its options."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from sec_ops.cli.moments import moment_span
from sec_ops.content.model_faults import did_you_mean
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message
from sec_ops.siem.events import MISFIT, TIME, FieldTypes
from sec_ops.siem.query.parse import parse
from sec_ops.siem.query.tree import And, Query, Range
from sec_ops.siem.query.typed import Between, typed
from sec_ops.siem.storing import Request

__all__ = ["DEFAULT_FIELDS", "listed", "request_of", "unknown_fields"]

DEFAULT_FIELDS = (
    "@timestamp",
    "host.name",
    "event.dataset",
    "event.action",
    "event.outcome",
    "user.name",
    "source.ip",
    "message",
)


def request_of(query: str, span: tuple[str, str], types: FieldTypes, zone: tzinfo, now_us: int) -> Request:
    """Return the request of a search's text and its times; raises UsageError with every fault of either."""
    since, until = span
    since_us = moment_span("--since", since, zone, now_us)[0] if since else None
    until_us = moment_span("--until", until, zone, now_us)[1] if until else None
    if since_us is not None and until_us is not None and since_us >= until_us:
        raise UsageError(message("--since is not before --until"))
    parsed = parse(query, types, zone=zone, now_us=now_us)
    lowers, uppers = _times_of(parsed, types)
    return Request(
        query=parsed,
        since_us=max([*lowers, *([] if since_us is None else [since_us])], default=None),
        until_us=min([*uppers, *([] if until_us is None else [until_us])], default=None),
    )


def unknown_fields(names: Iterable[str], types: FieldTypes) -> Iterator[tuple[str, Message]]:
    """Yield the fields that the catalogue doesn't name but nearly does, with what may have been meant."""
    meant_so = {name for name in names if name.removeprefix(MISFIT) in types.types}
    for name in sorted(set(names) - meant_so - {""}):
        meant = did_you_mean(name, types.types)
        if meant:
            yield name, meant


def listed(given: Sequence[str]) -> tuple[str, ...]:
    """Return the names of an option that may be repeated and separates names by commas, each once."""
    names = (name.strip() for each in given for name in each.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _times_of(query: Query, types: FieldTypes) -> tuple[list[int], list[int]]:
    """Return the bounds of time that every event must keep to, so that a store needn't open what lies beyond."""
    parts = query.queries if isinstance(query, And) else (query,)
    tests = [typed(part, types.of(TIME)) for part in parts if isinstance(part, Range) and part.field == TIME]
    edges = [(test.lower, test.upper) for test in tests if isinstance(test, Between)]
    lowers = [int(lower.value) for lower, _ in edges if lower and isinstance(lower.value, int)]
    return lowers, [int(upper.value) for _, upper in edges if upper and isinstance(upper.value, int)]
