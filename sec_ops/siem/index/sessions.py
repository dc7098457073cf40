"""Sessions of many sources, bounded: the one that was silent longest goes, what it holds back is kept aside."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sec_ops.siem.events import Row
from sec_ops.siem.raw.batches import origin_document, origin_of
from sec_ops.siem.records import Origin, Place, RawBatch
from sec_ops.siem.understanding import Session, Understand

__all__ = ["Sessions"]


@dataclass(slots=True)
class _Open:
    session: Session
    origin: Origin
    fed_ms: int


@dataclass(slots=True)
class _Aside:
    held: bytes
    origin: Origin
    fed_ms: int
    ended: bool = False


class Sessions:
    """The sessions of one stream; `pending` is what its last commit holds back, at most `bound` are open."""

    def __init__(self, understand: Understand, pending: Mapping[str, bytes], bound: int, now_ms: int) -> None:
        self._understand = understand
        self._bound = bound
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._aside = {source: _unpacked(kept, now_ms) for source, kept in pending.items() if kept}
        self._stored = {source: kept for source, kept in pending.items() if kept}
        self._touched: set[str] = set()

    @property
    def holds_aside(self) -> bool:
        """Return whether lines are held back of sources whose session isn't open."""
        return any(not each.ended for each in self._aside.values())

    def feed(self, place: Place, batch: RawBatch, now_ms: int) -> Sequence[Row]:
        """Return the events that are whole now."""
        source = batch.origin.source
        current = self._open.get(source)
        if current is None or current.origin != batch.origin:
            current = self._begin(batch.origin, now_ms)
        self._open.move_to_end(source)
        self._touched.add(source)
        current.fed_ms = now_ms
        return current.session.feed(place, batch)

    def end(self, source: str) -> Sequence[Row]:
        """Return the events a source still holds back; what else its session knows, such as a heading, stays aside."""
        self._touched.add(source)
        aside = self._aside.pop(source, None)
        current = self._open.pop(source, None)
        if current is None and aside is not None:
            current = _Open(self._understand(aside.origin, aside.held), aside.origin, aside.fed_ms)
        if current is None:
            return ()
        rows = current.session.flush()
        if held := current.session.pending():
            self._aside[source] = _Aside(held, current.origin, current.fed_ms, ended=True)
        return rows

    def end_silent(self, before_ms: int) -> list[Row]:
        """Return what sources hold back that nothing was fed to since then."""
        silent = [source for source, each in self._open.items() if each.fed_ms <= before_ms and each.session.pending()]
        silent += [source for source, each in self._aside.items() if each.fed_ms <= before_ms and not each.ended]
        return [row for source in silent for row in self.end(source)]

    def held_back(self) -> dict[str, bytes]:
        """Return what changed since the last call in what sources hold back, as a commit carries it."""
        changed = {}
        for source in self._touched:
            kept = self._packed(source)
            if kept != self._stored.get(source, b""):
                changed[source] = kept
        self._touched.clear()
        self._stored = {source: kept for source, kept in {**self._stored, **changed}.items() if kept}
        return changed

    def _begin(self, origin: Origin, now_ms: int) -> _Open:
        held = self._taken(origin.source)
        self._open[origin.source] = begun = _Open(self._understand(origin, held), origin, now_ms)
        if len(self._open) > self._bound:
            source, oldest = self._open.popitem(last=False)
            self._touched.add(source)
            held = oldest.session.pending()
            if held:
                self._aside[source] = _Aside(held, oldest.origin, oldest.fed_ms)
        return begun

    def _taken(self, source: str) -> bytes:
        current = self._open.pop(source, None)
        if current:
            return current.session.pending()
        aside = self._aside.pop(source, None)
        return aside.held if aside else b""

    def _packed(self, source: str) -> bytes:
        current, aside = self._open.get(source), self._aside.get(source)
        origin, held = (current.origin, current.session.pending()) if current else (None, b"")
        if aside:
            origin, held = aside.origin, aside.held
        return json.dumps(origin_document(origin)).encode() + b"\n" + held if origin and held else b""


def _unpacked(kept: bytes, now_ms: int) -> _Aside:
    line, _, held = kept.partition(b"\n")
    return _Aside(held, origin_of(json.loads(line)), now_ms)
