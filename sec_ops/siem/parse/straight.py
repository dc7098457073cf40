"""JSON records made into events straight from their bytes, where the names in them say which parser they belong to.

The records that this takes are those of which the ordinary way would make the same event: an object that begins the
record, in UTF-8, for a parser that asks for nothing but the object. All others are left to it. Records with the same
names are held until the batch has ended, where their engine makes events column by column.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from orjson import loads

from sec_ops.siem.engines import Columnwise
from sec_ops.siem.events import Event
from sec_ops.siem.parse.compiled import Compiled
from sec_ops.siem.parse.making import Maker
from sec_ops.siem.parse.pieces import RECORD_BOUND, Stamp
from sec_ops.siem.parse.reading import ReadLot, read_lots
from sec_ops.siem.parse.routing import Router
from sec_ops.siem.tables import Table

__all__ = ["HELD", "Straight"]

HELD: Final[Event] = {}
"""Stands for an event that is made later."""
_BRACE: Final = ord("{")
Single = tuple[int, Event]
_Names = tuple[str, ...]


class _Alike:
    """Records of one parser that have the same names, and their numbers in the batch."""

    __slots__ = ("documents", "numbers")

    def __init__(self) -> None:
        self.documents: list[Mapping[str, Any]] = []
        self.numbers: list[int] = []


class _Owned(NamedTuple):
    """Records read into columns, their names, and whose they are; `is_flat` when the parser takes them as they are."""

    parser: Compiled
    columnwise: Columnwise
    names: _Names
    lot: ReadLot
    is_flat: bool


class Straight:
    """Makes the events of one source's JSON records."""

    __slots__ = ("_held", "_known", "_left", "_maker", "_read", "_router")

    def __init__(self, router: Router, maker: Maker) -> None:
        self._router = router
        self._maker = maker
        self._held: dict[Compiled, dict[_Names, _Alike]] = {}
        self._known: dict[_Names, _Alike] = {}
        self._read: list[_Owned] = []
        self._left: list[tuple[Compiled, int]] = []

    def take(self, record: bytes, stamp: Stamp, number: int) -> Event | None:
        """Return the event of a record of a batch, `HELD` when it comes with the others that have the same names.

        None when the record has to be looked at the ordinary way, whatever the reason.
        """
        if record[:1] != b"{" or len(record) > RECORD_BOUND:
            return None
        try:
            document = loads(record)
            alike = self._known.get(tuple(document))
            if alike is None:
                return self._take(document, stamp, number)
        except Exception:  # noqa: BLE001 - the ordinary way meets the same fault and says what it is
            return None
        alike.documents.append(document)
        alike.numbers.append(number)
        return HELD

    def take_batch(self, records: Sequence[bytes], stamp: Stamp) -> bool:
        """Hold all records of a batch, read into columns; False, and nothing is held, where they can't be read so."""
        try:
            owned = [self._owned(lot, records) for lot in read_lots(records) or ()]
        except Exception:  # noqa: BLE001 - as in take
            return False
        if not owned or None in owned:
            return False
        for each in filter(None, owned):
            if each.is_flat:
                self._read.append(each)
            else:
                self._left += [
                    (each.parser, number)
                    for number in each.lot.numbers
                    if self.take(records[number], stamp, number) is not HELD
                ]
        return True

    def _owned(self, lot: ReadLot, records: Sequence[bytes]) -> _Owned | None:
        """Return whose records these are, None where more than their names have a say, or a name stands twice."""
        document = loads(records[lot.numbers[0]])
        names = tuple(document)
        parser = self._router.by_names(names)
        if parser is None or parser.extract_object is None or not parser.columnwise or len(names) != len(lot.columns):
            return None
        flat = parser.columnwise.flat(document)
        return None if flat is None else _Owned(parser, parser.columnwise, names, lot, flat is document)

    def take_run(self, records: Sequence[bytes], first: int) -> int:
        """Hold the records of a batch from one on, while others with their names are held; return the next's number."""
        known = self._known
        for number in range(first, len(records)):
            record = records[number]
            try:
                if record[0] != _BRACE or len(record) > RECORD_BOUND:
                    return number
                document = loads(record)
                alike = known.get(tuple(document))
            except Exception:  # noqa: BLE001 - as in take
                return number
            if alike is None:
                return number
            alike.documents.append(document)
            alike.numbers.append(number)
        return len(records)

    def taken(self, stamp: Stamp, records: Sequence[bytes]) -> tuple[list[Table], list[Single]]:
        """Return the events that were held of the batch that ends now: tables, and single ones with their numbers."""
        tables: list[Table] = []
        single: list[Single] = []
        for each in self._read:
            made = list(self._read_tables(each, stamp))
            tables += made
            single += self._rest(each.parser, each.lot.numbers, made, records, stamp)
        for parser, groups in self._held.items():
            for alike in groups.values():
                made = list(self._tables(parser, alike, stamp))
                tables += made
                single += self._rest(parser, alike.numbers, made, records, stamp)
        single += [(number, self._one(parser, records[number].decode(), stamp)) for parser, number in self._left]
        self._held, self._known, self._read, self._left = {}, {}, [], []
        return tables, single

    def _take(self, document: Mapping[str, Any], stamp: Stamp, number: int) -> Event | None:
        parser = self._router.by_keys(document)
        if parser is None or parser.extract_object is None:
            return None
        flat = parser.columnwise.flat(document) if parser.columnwise else None
        if flat is None:
            found = parser.extract_object(document)
            return (
                None
                if found is None
                else self._maker.finish(parser, found, self._maker.begin(parser, stamp), "", stamp)
            )
        alike = self._alike(parser, tuple(flat))
        if alike is None:
            return None
        alike.documents.append(flat)
        alike.numbers.append(number)
        if flat is document and self._router.by_names(tuple(document)):
            self._known[tuple(document)] = alike
        return HELD

    def _alike(self, parser: Compiled, names: _Names) -> _Alike | None:
        held = self._held.setdefault(parser, {})
        alike = held.get(names)
        if alike is None and parser.columnwise and parser.columnwise.claims(names):
            alike = held[names] = _Alike()
        return alike

    def _rest(
        self, parser: Compiled, numbers: Sequence[int], made: Sequence[Table], records: Sequence[bytes], stamp: Stamp
    ) -> list[Single]:
        """Return the events of records that are in no table, made one by one."""
        left = set(numbers).difference(*(table.indexes for table in made))
        return [(number, self._one(parser, records[number].decode(), stamp)) for number in sorted(left)]

    def _read_tables(self, owned: _Owned, stamp: Stamp) -> Iterator[Table]:
        numbers = owned.lot.numbers
        try:
            for places, made in owned.columnwise.composed_columns(owned.names, owned.lot.columns):
                table = self._maker.table(owned.parser, made, [numbers[place] for place in places], stamp)
                if table is not None:
                    yield table
        except Exception:  # noqa: BLE001 - as in take
            return

    def _tables(self, parser: Compiled, alike: _Alike, stamp: Stamp) -> Iterator[Table]:
        """Yield what can be made column by column; where a record is at fault, the rest is made one by one."""
        if parser.columnwise is None:
            return
        try:
            for places, made in parser.columnwise.composed(alike.documents):
                table = self._maker.table(parser, made, [alike.numbers[place] for place in places], stamp)
                if table is not None:
                    yield table
        except Exception:  # noqa: BLE001 - as in take
            return

    def _one(self, parser: Compiled, text: str, stamp: Stamp) -> Event:
        try:
            found = parser.read(text)
            if found is None:
                return self._maker.unparsed(text, stamp, ())
            return self._maker.finish(parser, found, self._maker.begin(parser, stamp), text, stamp)
        except Exception as error:  # noqa: BLE001 - a parser's fault costs one record its fields, never the batch
            return self._maker.failed(text, stamp, error)
