"""JSON records made into events straight from their bytes, where the names in them say which parser they belong to.

The records that this takes are those of which the ordinary way would make the same event: an object that begins the
record, in UTF-8, for a parser that asks for nothing but the object. All others are left to it.
"""

from orjson import loads

from sec_ops.siem.engines import Composed
from sec_ops.siem.events import Event
from sec_ops.siem.parse.making import Maker
from sec_ops.siem.parse.pieces import RECORD_BOUND, Stamp
from sec_ops.siem.parse.routing import Router

__all__ = ["Straight"]


class Straight:
    """Makes the events of one source's JSON records."""

    __slots__ = ("_by_keys", "_maker")

    def __init__(self, router: Router, maker: Maker) -> None:
        self._by_keys = router.by_keys
        self._maker = maker

    def event(self, record: bytes, stamp: Stamp) -> Event | None:
        """Return a record's event; None when it has to be looked at the ordinary way, whatever the reason."""
        if record[:1] != b"{" or len(record) > RECORD_BOUND:
            return None
        try:
            return self._event(record, stamp)
        except Exception:  # noqa: BLE001 - the ordinary way meets the same fault and says what it is
            return None

    def _event(self, record: bytes, stamp: Stamp) -> Event | None:
        document = loads(record)
        parser = self._by_keys(document)
        if parser is None or parser.extract_object is None:
            return None
        found = parser.extract_object(document)
        if found is None:
            return None
        if isinstance(found, Composed):
            return self._maker.compose(parser, found, "", stamp)
        return self._maker.finish(parser, found, self._maker.begin(parser, stamp), "", stamp)
