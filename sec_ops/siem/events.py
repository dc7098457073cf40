"""Events: what is known of one thing that happened, as a flat map of ECS fields.

An `Event` maps dotted field names (`user.name`) to one value or a list of values; a field that is missing, null or an
empty list is not in the map. Keys that differ in case are different fields. The type of a field is the catalogue's
(`rules/fields/`), `keyword` when it names none, and every value has its field's type:

=========  =====================================================================================
keyword    str, compared whole and without regard to case
text       str, searched by substring, without regard to case
long       int of 64 bits
double     float, finite
boolean    bool
ip         str, an address in its shortest form
date       int, microseconds since 1970 in UTC
=========  =====================================================================================

What doesn't fit its field's type is kept under `misfit.<field>` as a keyword, so that a store never refuses an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sec_ops.siem.records import Place

__all__ = [
    "DATASET",
    "MISFIT",
    "PIPELINE_ERROR",
    "RECORD",
    "TIME",
    "UNPARSED",
    "Event",
    "FieldType",
    "FieldTypes",
    "Row",
    "Scalar",
]

Scalar = str | int | float | bool
Event = dict[str, Scalar | list[Scalar]]

TIME = "@timestamp"
DATASET = "event.dataset"
RECORD = "sec_ops.record"
"""Name of the raw record an event was made of: `Place.record`."""
MISFIT = "misfit."
UNPARSED = "unparsed"
"""Dataset of events that hold a raw record no parser understood, in `message`, with `event.kind: pipeline_error`."""
PIPELINE_ERROR = "pipeline_error"


class FieldType(StrEnum):
    """How the values of a field are kept and compared."""

    KEYWORD = "keyword"
    TEXT = "text"
    LONG = "long"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    IP = "ip"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class FieldTypes:
    """The field catalogue: types of the fields that are named; all others are keywords."""

    types: Mapping[str, FieldType] = field(default_factory=dict)

    def of(self, name: str) -> FieldType:
        """Return the type of a field."""
        return self.types.get(name, FieldType.KEYWORD)


@dataclass(frozen=True, slots=True)
class Row:
    """An event with the place and index of the raw record it comes from, and its number among that record's events."""

    event: Event
    place: Place
    index: int
    part: int = 0
