"""Which alert an event joins: its rule, the values of its key, and the span of time its own time lies in.

Spans begin at whole multiples of their length since 1970 (UTC), so an event joins the same alert whenever it arrives
and in whatever order, and two stores that find the same events make the same alerts with the same ids.

The key: the values of the fields that the rule names (`alert_by`). Without them, for a correlation the values of its
group. Without either, the entity that the rule's log source is about: the user for cloud and identity services, the
address for web, proxy, name and network services, else the host; where the event doesn't say, the next of host,
address, user that it does say. Values are compared without regard to case.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from sec_ops.detection.events import Entity, Occurrence, Value
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.values import scalars, text_of
from sec_ops.model.folding import fold

__all__ = ["FieldNames", "Group", "clean", "group_of", "joined_text", "same_names", "valid_time"]

FieldNames = Callable[[Rule | Correlation, str, str], Sequence[str]]
"""Rule, shape and a field as the rule names it to the names it may have in events of that shape."""

_BY_USER = frozenset({"aws", "azure", "gcp", "m365", "okta", "onelogin", "google_workspace", "github", "bitbucket"})
_BY_ADDRESS = frozenset({"webserver", "proxy", "dns", "firewall", "ids", "network", "antivirus_gateway", "application"})
_VALUE_CHARACTERS = 256
_LARGEST_US = 2**62
_ID_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Group:
    """The alert that an event joins: rule id, key, begin of its span in microseconds, or None without a time."""

    rule: str
    key: tuple[tuple[str, str], ...]
    begin_us: int | None
    rest: bool = False
    suppression: str = ""

    @property
    def id(self) -> str:
        """Return the alert's id: sixteen hexadecimal digits of the digest of all this."""
        return _id_of(self)


@lru_cache(maxsize=10_000)
def _id_of(group: Group) -> str:
    parts = [group.rule, group.key, group.begin_us, group.rest, group.suppression]
    return sha256(json.dumps(parts).encode()).hexdigest()[:_ID_CHARACTERS]


def same_names(_rule: Rule | Correlation, _shape: str, field: str) -> Sequence[str]:
    """Return the field by its own name: rules written in the names of their events."""
    return (field,)


def group_of(hit: Hit, names: FieldNames, suppression: str = "") -> Group:
    """Return the group of a hit, by its last occurrence."""
    header = hit.rule.header
    last = hit.occurrences[-1] if hit.occurrences else None
    time_us = valid_time(last.time_us) if last else None
    span_us = max(header.alert_span_s, 1) * 1_000_000
    begin_us = None if time_us is None else time_us - time_us % span_us
    return Group(clean(header.id), _key(hit, last, names), begin_us, suppression=suppression)


def valid_time(time_us: int | None) -> int | None:
    """Return a time that can be kept, None for one that is no time of this world."""
    return time_us if time_us is not None and -_LARGEST_US < time_us < _LARGEST_US else None


def joined_text(value: Value) -> str:
    """Return what a field holds as one text: the values of lists joined, null empty."""
    return ", ".join(text_of(each) for each in scalars(value))


def clean(text: str) -> str:
    """Return a text that can be kept in UTF-8: lone surrogates are spelled out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _key(hit: Hit, last: Occurrence | None, names: FieldNames) -> tuple[tuple[str, str], ...]:
    by = hit.rule.header.alert_by
    group = dict(hit.group)
    found = tuple((clean(name), _short(group.get(name) or _value(hit, last, name, names))) for name in by)
    if any(value for _name, value in found):
        return found
    if hit.group:
        return tuple((clean(name), _short(value)) for name, value in hit.group)
    return _entity_key(hit.rule, last.entity) if last else ()


def _value(hit: Hit, last: Occurrence | None, name: str, names: FieldNames) -> str:
    if last is None:
        return ""
    values = (joined_text(last.event.get(each)) for each in names(hit.rule, last.shape, name))
    return next((value for value in values if value), "")


def _entity_key(rule: Rule | Correlation, entity: Entity) -> tuple[tuple[str, str], ...]:
    for kind in (_subject(rule), "host", "address", "user"):
        value = getattr(entity, kind)
        if value:
            return ((kind, _short(value)),)
    return ()


def _subject(rule: Rule | Correlation) -> str:
    if isinstance(rule, Correlation):
        return "host"
    if rule.source.product in _BY_USER:
        return "user"
    return "address" if rule.source.category in _BY_ADDRESS else "host"


def _short(value: str) -> str:
    """Return a value of a key: in lower case, a long one by its beginning and its digest."""
    text = clean(fold(value))
    if len(text) <= _VALUE_CHARACTERS:
        return text
    return f"{text[:_VALUE_CHARACTERS]}…{sha256(text.encode()).hexdigest()[:16]}"
