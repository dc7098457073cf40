"""Parsers of logs as content: `rules/parsers/<id>/parser.yml` beside its samples and the events expected of them."""

from typing import Any, Literal

from pydantic import Field

from sec_ops.model.values import Identifier, NonEmpty, Text, Value

__all__ = ["Carries", "Join", "LogParser", "Mapped", "Recognise", "TimeRule"]

Converter = Literal[
    "text", "integer", "number", "boolean", "address", "lower", "hexadecimal", "milliseconds", "seconds", "microseconds"
]
"""What is done to a value on its way; `milliseconds`, `seconds` and `microseconds` make nanoseconds of durations."""


class Recognise(Value):
    """How records of this kind are known; the first parser (by `priority`, then id) that claims a record has it."""

    programs: tuple[NonEmpty, ...] = Field(default=(), description="program names in syslog, such as sshd; * and ?")
    files: tuple[NonEmpty, ...] = Field(default=(), description="path patterns, such as **/nginx/access.log*")
    keys: tuple[NonEmpty, ...] = Field(
        default=(), description="names a JSON record has, all of them; dots go inside, `*` is any"
    )
    content: tuple[NonEmpty, ...] = Field(default=(), description="RE2 patterns of a record's beginning")
    priority: int = Field(default=50, ge=0, le=100, description="lower is asked earlier")


class Join(Value):
    """How lines make one record."""

    by: Literal["start", "serial"] = Field(description="a line that begins a record, or one serial number in each line")
    pattern: NonEmpty = Field(description="RE2; with `serial` its first group is the serial")
    end: NonEmpty | None = Field(default=None, description="RE2 of a line that ends its record, found anywhere in it")
    lines_bound: int = Field(default=500, ge=2, le=10_000)
    bytes_bound: int = Field(default=262_144, ge=1_024, le=4_194_304)


class Carries(Value):
    """A kind of log that carries others, such as syslog: the program's own parser is given the message."""

    program: NonEmpty = Field(description="extracted name that holds the program's name")
    message: NonEmpty = Field(description="extracted name that holds the program's own text")
    process: NonEmpty | None = Field(default=None, description="extracted name that holds the process id")


class Mapped(Value):
    """Where an extracted value goes: one ECS field or several, by way of a conversion or a table."""

    to: tuple[NonEmpty, ...] = Field(min_length=1)
    convert: Converter = "text"
    table: dict[str, str] = Field(default_factory=dict, description="value to value; others stay as they are")


class TimeRule(Value):
    """Where the time stands and how it is written; `iso`, `epoch`, `epoch_ms`, `syslog` or strptime forms."""

    field: NonEmpty
    formats: tuple[NonEmpty, ...] = ("iso",)
    zone: NonEmpty | None = Field(default=None, description="IANA zone when the time names none; default: the source's")


class LogParser(Value):
    """One kind of log: an engine that extracts names and values, and what they are called in ECS."""

    id: Identifier
    title: Text
    dataset: Identifier
    engine: NonEmpty = Field(description="module of sec_ops/siem/engines")
    options: dict[str, Any] = Field(default_factory=dict, description="the engine's own")
    recognise: Recognise = Recognise()
    join: Join | None = None
    heading: NonEmpty | None = Field(
        default=None,
        description="RE2 of the beginning of lines that say how those after them are read, such as `#Fields:`; the "
        "source's last one and a line feed stand before each record the engine is given; they make no event of their "
        "own, unless the pattern has a group: that is then what is kept, and the line is a record too",
    )
    ignore: NonEmpty | None = Field(
        default=None, description="RE2 of the beginning of lines that are no record; no event"
    )
    time: TimeRule | None = None
    map: dict[str, str | Mapped] = Field(default_factory=dict, description="extracted name to ECS field")
    rest: str = Field(
        default="", description="prefix under which unmapped values are kept, `.` as they are; empty: they are dropped"
    )
    constants: dict[str, str | int | bool | list[str]] = Field(default_factory=dict)
    carries: Carries | None = None
    message: Literal["record", "mapped"] = Field(
        default="record", description="whether the record's text is the event's `message`, or only what is mapped to it"
    )
    references: tuple[str, ...] = Field(default=(), description="where the format is defined")
    enabled: bool = True
