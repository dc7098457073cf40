"""The understanding of one source: records in, events out, lines that belong together held until they are whole."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

from sec_ops.siem.engines import Extracted
from sec_ops.siem.engines.json import read_object
from sec_ops.siem.events import RECORD, Event, Row
from sec_ops.siem.parse.compiled import Compiled
from sec_ops.siem.parse.decoding import decode, known_encoding
from sec_ops.siem.parse.making import INCOMPLETE, TRUNCATED, Maker
from sec_ops.siem.parse.pieces import RECORD_BOUND, Held, Key, Piece, Stamp
from sec_ops.siem.parse.routing import Router
from sec_ops.siem.parse.straight import HELD, Straight
from sec_ops.siem.records import Origin, Place, RawBatch
from sec_ops.siem.tables import Rows

__all__ = ["ParsingSession"]

_SHOWN_BOUND: Final = 65_536


class ParsingSession:
    """A `Session` (see `sec_ops.siem.understanding`) over content parsers."""

    def __init__(self, origin: Origin, router: Router, zone: tzinfo, pending: bytes = b"") -> None:
        self._router = router
        self._encoding = known_encoding(origin.encoding) if origin.encoding else ""
        fixed = router.named(origin.parser) if origin.parser else None
        self._named = (fixed,) if fixed and fixed.carries is None else ()
        self._first = (fixed,) if fixed else router.by_path(origin.path)
        self._held = Held(pending)
        self._headed = tuple(filter(None, (router.named(name) for name in self._held.headings)))
        self._maker = Maker(origin, zone)
        self._straight = Straight(router, self._maker)
        self._unclaimed = not self._first and self._encoding in ("", "utf-8")
        self._rows = Rows()
        self._place = Place("", 0)

    def feed(self, place: Place, batch: RawBatch) -> Sequence[Row]:
        """Return the events that are whole now."""
        self._rows = rows = Rows()
        self._place = place
        stream, sequence, received_us = place.stream, place.sequence, batch.received_ms * 1000
        stamp = Stamp(stream, sequence, 0, received_us)
        number, records, straight = 0, batch.records, self._straight
        if self._unclaimed and not (self._held.open or self._headed) and straight.take_batch(records, stamp):
            number = len(records)
        while number < len(records):
            is_open = self._unclaimed and not (self._held.open or self._headed)
            event = straight.take(records[number], stamp, number) if is_open else None
            if event is HELD:
                number = straight.take_run(records, number + 1)
                continue
            if event is None:
                self._take(records[number], Stamp(stream, sequence, number, received_us))
            else:
                self._add(event, Stamp(stream, sequence, number, received_us))
            number += 1
        rows.tables, single = straight.taken(stamp, records)
        for number, event in single:
            self._add(event, Stamp(stream, sequence, number, received_us))
        return rows

    def flush(self) -> Sequence[Row]:
        """Return what was held back, whole or not."""
        self._rows = Rows()
        for key in list(self._held.open):
            self._close(key)
        return self._rows

    def pending(self) -> bytes:
        """Return what is held back, with the source's headings."""
        return self._held.stored()

    def _take(self, record: bytes, stamp: Stamp) -> None:
        if len(record) > RECORD_BOUND:
            text = decode(record[:_SHOWN_BOUND], self._encoding)
            self._add(self._maker.unparsed(text, stamp, (TRUNCATED,)), stamp)
            return
        text = decode(record, self._encoding)
        try:
            understood = self._understand(text, stamp)
        except Exception as error:  # noqa: BLE001 - a parser's fault costs one record its fields, never the source its records
            self._add(self._maker.failed(text, stamp, error), stamp)
            return
        if not understood and text and not text.isspace():
            self._add(self._maker.unparsed(text, stamp, ()), stamp)

    def _understand(self, text: str, stamp: Stamp) -> bool:
        """Try the parsers in their order until one takes the record: its event is made, or it is held."""
        for parser in self._first:
            if self._offer(parser, text, None, stamp):
                return True
        if self._held.open or self._headed:
            for parser in self._continuing():
                if self._offer(parser, text, None, stamp):
                    return True
        document = read_object(text) if text[:1] == "{" or text.lstrip()[:1] == "{" else None
        claiming = self._router.by_keys(document) if document is not None else None
        claiming = claiming or self._router.by_content(text)
        return claiming is not None and claiming not in self._first and self._offer(claiming, text, document, stamp)

    def _continuing(self) -> Iterator[Compiled]:
        """Yield the parsers whose record is open, or whose heading was the last."""
        for key in reversed(self._held.open):
            if len(key) == 4 and key[1:] == ("", "", "") and (found := self._router.named(key[0])):
                yield found
        yield from reversed(self._headed)

    def _offer(self, parser: Compiled, text: str, document: Mapping[str, Any] | None, stamp: Stamp) -> bool:
        if parser.plain:
            return self._offer_plain(parser, text, document, stamp)
        if parser.ignore is not None and parser.ignore.begins(text):
            return True
        if parser.heading is not None and (heading := parser.heading.first(text)) is not None:
            self._head(parser, heading if parser.heading.grouped else text)
            if not parser.heading.grouped:
                return True
        if parser.join_pattern is not None:
            return self._join(parser, text, stamp, None, (parser.id, "", "", ""))
        extracted = parser.read(self._headed_text(parser, text), document)
        if extracted is None:
            return False
        if parser.carries is not None:
            return self._open_envelope(parser, extracted, text, stamp)
        event = self._maker.begin(parser, stamp)
        self._add(self._maker.finish(parser, extracted, event, text, stamp), stamp)
        return True

    def _offer_plain(self, parser: Compiled, text: str, document: Mapping[str, Any] | None, stamp: Stamp) -> bool:
        found = parser.read(text, document)
        if found is None and document is not None:
            found = parser.read(text)
        if found is None:
            return False
        event = self._maker.finish(parser, found, self._maker.begin(parser, stamp), text, stamp)
        self._add(event, stamp)
        return True

    def _head(self, parser: Compiled, heading: str) -> None:
        self._held.headings.pop(parser.id, None)
        self._held.headings[parser.id] = heading[:_SHOWN_BOUND]
        self._headed = (*(each for each in self._headed if each is not parser), parser)[-4:]

    def _headed_text(self, parser: Compiled, text: str) -> str:
        heading = self._held.headings.get(parser.id) if parser.heading is not None else None
        return text if heading is None else f"{heading}\n{text}"

    def _open_envelope(self, parser: Compiled, extracted: Extracted, text: str, stamp: Stamp) -> bool:
        """Give the message of an envelope to its program's parser."""
        outer = self._maker.envelope(parser, extracted, text, stamp)
        key = (str(outer.event.get("host.hostname", ""))[:256], outer.program[:256], outer.process[:64])
        claimed = None
        for inner in self._inners(outer.program, outer.message):
            claimed = inner if inner.recognise.programs or inner in self._named else claimed
            if inner.join_pattern is not None:
                if self._join(inner, outer.message, stamp, (outer.event, outer.stated_us), (inner.id, *key)):
                    return True
            elif (found := inner.read(outer.message)) is not None:
                self._add(self._maker.enveloped(inner, found, outer, stamp), stamp)
                return True
        self._add(self._maker.enveloped(claimed, None, outer, stamp), stamp)
        return True

    def _inners(self, program: str, message: str) -> Iterator[Compiled]:
        """Yield the parsers of an envelope's message: the source's, its program's, those that claim the text itself."""
        yield from self._named
        yield from self._router.by_program(program) if program else ()
        if message:
            document = read_object(message) if message[0] == "{" else None
            found = self._router.by_keys(document) if document is not None else None
            found = found or self._router.by_content(message)
            if found is not None and found.carries is None:
                yield found

    def _join(
        self, parser: Compiled, text: str, stamp: Stamp, outer: tuple[Event, int | None] | None, key: Key
    ) -> bool:
        """Add a line to its record, or begin one; False when the line is no part of any."""
        if parser.joins_by == "serial":
            return self._join_serial(parser, text, stamp, outer, key)
        if parser.join_pattern is not None and parser.join_pattern.begins(text):
            if key in self._held.open:
                self._close(key)
            self._hold(parser, Piece(key=key, stamp=stamp, lines=[text], size=len(text)), outer)
            return True
        if key in self._held.open:
            self._grow(parser, key, text)
            return True
        return False

    def _join_serial(
        self, parser: Compiled, text: str, stamp: Stamp, outer: tuple[Event, int | None] | None, key: Key
    ) -> bool:
        serial = parser.join_pattern.first(text) if parser.join_pattern is not None else None
        if serial is None:
            return False
        whole = (*key, serial[:128])
        if whole in self._held.open:
            self._grow(parser, whole, text)
        else:
            self._hold(parser, Piece(key=whole, stamp=stamp, lines=[text], size=len(text)), outer)
        return True

    def _hold(self, parser: Compiled, piece: Piece, outer: tuple[Event, int | None] | None) -> None:
        piece.heading = self._held.headings.get(parser.id, "") if parser.heading is not None else ""
        if outer is not None:
            piece.outer, piece.stated_us = outer
        for closed in self._held.add(piece):
            self._finish(closed)
        self._end(parser, piece.key, piece.lines[0])

    def _grow(self, parser: Compiled, key: Key, text: str) -> None:
        piece, join = self._held.open[key], parser.join
        self._held.grow(key, text)
        if join is not None and (len(piece.lines) >= join.lines_bound or piece.size >= join.bytes_bound):
            piece.flags.append(TRUNCATED)
            self._close(key)
        else:
            self._end(parser, key, text)

    def _end(self, parser: Compiled, key: Key, line: str) -> None:
        if parser.join_end is not None and key in self._held.open and parser.join_end.found_in(line):
            self._finish(self._held.close(key))

    def _close(self, key: Key) -> None:
        """Finish an open record whose end was not seen."""
        piece = self._held.close(key)
        parser = self._router.named(key[0])
        if parser is not None and parser.join_end is not None and TRUNCATED not in piece.flags:
            piece.flags.append(INCOMPLETE)
        self._finish(piece)

    def _finish(self, piece: Piece) -> None:
        parser, text = self._router.named(piece.key[0]), piece.text
        whole = f"{piece.heading}\n{text}" if piece.heading else text
        try:
            found = parser.read(whole) if parser is not None else None
            self._add(self._maker.joined(parser, found, piece), piece.stamp)
        except Exception as error:  # noqa: BLE001 - as in _take
            self._add(self._maker.failed(text, piece.stamp, error), piece.stamp)

    def _add(self, event: Event, stamp: Stamp) -> None:
        stream, sequence, number, _ = stamp
        place = self._place
        if sequence != place.sequence or stream != place.stream:
            place = Place(stream, sequence)
        event[RECORD] = f"{stream}/{sequence}/{number}"
        self._rows.single.append(Row(event, place, number))
