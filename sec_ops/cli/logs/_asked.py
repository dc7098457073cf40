"""What a search asks for, read from its options."""

import re
from collections.abc import Sequence
from datetime import tzinfo

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.query.parse import parse
from sec_ops.siem.query.values import date_span
from sec_ops.siem.storing import Request

__all__ = ["DEFAULT_FIELDS", "field_names", "request_of"]

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
_AGO = re.compile(r"[0-9]{1,6}[smhdw]", re.ASCII)


def request_of(query: str, span: tuple[str, str], types: FieldTypes, zone: tzinfo, now_us: int) -> Request:
    """Return the request of a search's text and its times; raises UsageError with every fault of either."""
    since, until = span
    since_us = _moment("--since", since, zone, now_us)[0] if since else None
    until_us = _moment("--until", until, zone, now_us)[1] if until else None
    if since_us is not None and until_us is not None and since_us >= until_us:
        raise UsageError(message("--since is not before --until"))
    return Request(query=parse(query, types, zone=zone, now_us=now_us), since_us=since_us, until_us=until_us)


def field_names(given: Sequence[str]) -> tuple[str, ...]:
    """Return the names of an option that may be repeated and separates names by commas, each once."""
    names = (name.strip() for each in given for name in each.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _moment(option: str, text: str, zone: tzinfo, now_us: int) -> tuple[int, int]:
    try:
        return date_span(f"now-{text}" if _AGO.fullmatch(text) else text, zone=zone, now_us=now_us)
    except UsageError as error:
        advice = message("write a day, a time or a length: 2026-11-26, 2026-11-26T08:00, 24h, 7d")
        raise UsageError(message("{option}: {fault}", option=option, fault=error.what), advice=advice) from error
