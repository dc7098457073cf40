"""A parser ready to run: its engine, patterns, plans and times."""

from collections.abc import Mapping, Sequence
from typing import Any

from sec_ops.content.patterns import Pattern
from sec_ops.model.log_parser import LogParser
from sec_ops.siem.engines import Columnwise, Extract, ExtractDocument, Extracted, engine
from sec_ops.siem.events import Event
from sec_ops.siem.parse.plans import Plans, Structure
from sec_ops.siem.parse.settling import Settling
from sec_ops.siem.parse.timing import Clock, Timing

__all__ = ["Compiled"]


class Compiled:
    """One parser; raises KeyError for an unknown engine, ValueError for options, patterns and times that can't be."""

    def __init__(self, parser: LogParser, structure: Structure) -> None:
        module = engine(parser.engine)
        self.id = parser.id
        self.dataset = parser.dataset
        self.recognise = parser.recognise
        self.constants: Event = {name: _single(value) for name, value in parser.constants.items()}
        self.carries = parser.carries
        self.keeps_text = parser.message == "record"
        self.join = parser.join
        self.joins_by = parser.join.by if parser.join else ""
        self.join_pattern = Pattern(parser.join.pattern) if parser.join else None
        self.join_end = Pattern(parser.join.end) if parser.join and parser.join.end else None
        self.heading = Pattern(parser.heading) if parser.heading else None
        self.ignore = Pattern(parser.ignore) if parser.ignore else None
        self.extract: Extract = module.compile_engine(parser.options)
        document = getattr(module, "compile_document", None)
        self.extract_document: ExtractDocument | None = document(parser.options) if document else None
        self.plain = not (parser.join or parser.heading or parser.ignore or parser.carries)
        self.extract_object = self.extract_document if self.plain and not self.keeps_text else None
        columns = getattr(module, "compile_columns", None) if self.extract_object else None
        self.columnwise: Columnwise | None = columns(parser.options) if columns else None
        self._plans = Plans(parser, structure)
        self.settle = Settling(self._plans).settle
        """Makes events that the engine made in columns the catalogue's; None when they must be mapped one by one."""
        self._timing = Timing(parser.time)

    def read(self, text: str, document: Mapping[str, Any] | None = None) -> Extracted | None:
        """Return what the engine finds in a record's text, or in the JSON object it was read to already."""
        if document is None or self.extract_document is None:
            return self.extract(text)
        return self.extract_document(document)

    def whole_us(self, texts: Sequence[Any]) -> Sequence[int] | None:
        """Return the times that texts state (microseconds, UTC) where all of them say all; None where one doesn't."""
        return self._timing.whole(texts)

    def stated_us(self, event: Event, clock: Clock) -> int | None:
        """Return the time that an engine's own event states (microseconds, UTC), or None."""
        value = event.get(self._timing.field)
        return None if value is None else self._timing.read(value, clock, event)

    def fill(self, extracted: Extracted, event: Event, clock: Clock) -> int | None:
        """Add the extracted fields to an event and return the time the record states (microseconds, UTC), or None."""
        flat = self._plans.apply(extracted, event)
        value = flat.get(self._timing.field)
        return None if value is None else self._timing.read(value, clock, event)


def _single(value: Any) -> Any:  # noqa: ANN401 - a constant of content
    if isinstance(value, list | tuple):
        return list(value) if len(value) != 1 else value[0]
    return value
