"""A search of the command line: what is asked of the store, and how its answer is written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sec_ops.cli.invocation import current
from sec_ops.cli.logs._asked import DEFAULT_FIELDS, listed, request_of, unknown_fields
from sec_ops.cli.logs._drawn import histogram_text, top_text
from sec_ops.cli.logs._shown import LONGEST, Shown, csv_lines, events_table, utc
from sec_ops.cli.logs._store import fault_text, fields_of, open_store
from sec_ops.cli.output import emit, line, note, put, record
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import Site
from sec_ops.siem import spans
from sec_ops.siem.events import TIME, Event
from sec_ops.siem.query.tree import field_names
from sec_ops.siem.storing import Bucket, EventStore, Request, StoreFaults

__all__ = ["Options", "Search", "open_search"]

_EVENTS, _VALUES = 100, 20
_ALL, _COUNT = "all", "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options as they were given; `limit` 0 is no limit, None the usual one."""

    query: str
    since: str
    until: str
    fields: tuple[str, ...]
    limit: int | None
    order: str
    form: str


@contextmanager
def open_search(site: Site, options: Options) -> Iterator["Search"]:
    """Open the site's store for one search; raises UsageError with every fault of the query."""
    types, zone = fields_of(site), ZoneInfo(load_configuration(site).logs.zone)
    now_us = int(SystemClock().now().timestamp() * 1_000_000)
    request = request_of(options.query, (options.since, options.until), types, zone, now_us)
    with open_store(site, types) as store:
        yield Search(
            store=store,
            request=replace(request, order=options.order),
            shown=Shown(types, zone),
            zone=zone,
            options=options,
            faults=store.faults(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search in an open store."""

    store: EventStore
    request: Request
    shown: Shown
    zone: ZoneInfo
    options: Options
    faults: StoreFaults

    def warn(self) -> None:
        """Tell of events that are known to be lost: what is found is not all there was."""
        if self.faults:
            note(fault_text(self.faults))

    def outcomes(self) -> Sequence[Outcome]:
        """Return what holds besides what was found."""
        return (Outcome.INCOMPLETE,) if self.faults else ()

    def count(self) -> None:
        """Write how many events there are."""
        found = self.store.count(self.request)
        self._doubt(found)
        emit("sec-ops/logs-search", {"count": found}, outcomes=self.outcomes(), text=lambda: str(found))

    def histogram(self, interval: str) -> None:
        """Write how many events there are in each span of time."""
        ends = self._ends()
        length = self._length(interval, ends)
        pieces = self.store.histogram(self.request, spans.piece_of(length)) if ends else ()
        buckets = spans.added_up(pieces, length, self.zone)
        total = sum(bucket.count for bucket in buckets)
        self._doubt(total)
        body = {
            "count": total,
            "interval_ms": length // 1000,
            "zone": self.zone.key,
            "buckets": [{"begin": utc(int(each.key or 0)), "count": each.count} for each in buckets],
        }
        title = _("{count} events, by {interval}, {zone}")
        title = title.format(count=f"{total:,}", interval=spans.written_interval(length), zone=self.zone.key)
        if self._written([{TIME: int(each.key or 0)} for each in buckets], TIME, buckets):
            return
        heads = (_("from"), _("events"))
        drawn = histogram_text(buckets, length, self.zone, heads)
        emit(
            "sec-ops/logs-search",
            body,
            outcomes=self.outcomes(),
            text=lambda: f"{drawn}\n{title}" if buckets else title,
        )

    def top(self, name: str) -> None:
        """Write the most frequent values of a field."""
        limit = _VALUES if self.options.limit is None else self.options.limit or None
        buckets = self.store.top(replace(self.request, limit=limit), name)
        self._doubt(len(buckets), name)
        events: list[Event] = [{name: each.key} for each in buckets if each.key is not None]
        if self._written(events, name, buckets):
            return
        values = [self.shown.document(event)[name] for event in events]
        pairs = zip(values, buckets, strict=True)
        body = {"field": name, "values": [{"value": value, "count": each.count} for value, each in pairs]}
        labels = [self.shown.cell(event, name) for event in events]
        emit(
            "sec-ops/logs-search",
            body,
            outcomes=self.outcomes(),
            text=lambda: top_text(buckets, labels, (name, _("events"))),
        )

    def _written(self, events: Sequence[Event], name: str, buckets: Sequence[Bucket]) -> bool:
        """Write counts as CSV or JSON lines when `--format` says so; tell whether that was done."""
        if current().form != "text" or self.options.form == "table":
            return False
        counted: list[Event] = [{**event, _COUNT: each.count} for event, each in zip(events, buckets, strict=True)]
        if self.options.form == "csv":
            for each in csv_lines(counted, (name, _COUNT), self.shown):
                put(each)
        else:
            for event in counted:
                record(self.shown.document(event))
        return True

    def events(self) -> None:
        """Write the events."""
        if current().form == "json":
            found = [self.shown.document(event) for event in self._limited(self._named(()))]
            emit("sec-ops/logs-search", {"events": found, "shown": len(found)}, outcomes=self.outcomes(), text=str)
        elif current().form == "jsonl":
            self._lines()
        elif self.options.form == "csv":
            self._csv()
        elif self.options.form == "json":
            for event in self._limited(self._named(())):
                record(self.shown.document(event))
        else:
            self._table()

    def _doubt(self, found: int, *others: str) -> None:
        """When nothing was found, tell of fields that may be misspelt."""
        names = field_names(self.request.query).union(others)
        for name, meant in () if found else unknown_fields(names, self.shown.types):
            note(message("the catalogue has no field {name}; {meant}", name=name, meant=meant))

    def _lines(self) -> None:
        shown = 0
        for event in self._limited(self._named(())):
            line("event", {"event": self.shown.document(event)})
            shown += 1
        emit("sec-ops/logs-search", {"shown": shown}, outcomes=self.outcomes(), text=str)

    def _csv(self) -> None:
        names = self._named(DEFAULT_FIELDS)
        if not names:
            raise UsageError(message("CSV has columns of its own: name the fields"), advice=_NAME_THEM)
        for each in csv_lines(self._limited(names), names, self.shown):
            put(each)

    def _table(self) -> None:
        limit = self._limit()
        found = list(self._found(self._named(DEFAULT_FIELDS), more=1))
        shown = found[:limit]
        text, cut = events_table(shown, self._named(()) or _names_of(shown), self.shown)
        if shown:
            put(f"{text}\n")
        else:
            note(message("no event was found"))
            self._doubt(0)
        if len(found) > len(shown):
            _tell_more(len(shown))
        if cut:
            note(message("values longer than {count} characters are cut off; --format json shows them", count=LONGEST))

    def _limited(self, names: tuple[str, ...]) -> Iterator[Event]:
        """Yield the events asked for, and tell when there are more of them."""
        limit = self._limit()
        for number, event in enumerate(self._found(names, more=1)):
            if number == limit:
                _tell_more(number)
                return
            yield event

    def _found(self, names: tuple[str, ...], more: int = 0) -> Iterator[Event]:
        limit = self._limit()
        wanted = None if limit is None else limit + more
        return self.store.search(replace(self.request, fields=names, limit=wanted))

    def _limit(self) -> int | None:
        return _EVENTS if self.options.limit is None else self.options.limit or None

    def _named(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        """Return the fields to show; none means all of them."""
        given = listed(self.options.fields)
        return () if _ALL in given else given or usual

    def _ends(self) -> tuple[int, int] | None:
        """Return the times of the first and the last event, None when there is no event."""
        ends = []
        for order in ("ascending", "descending"):
            request = replace(self.request, fields=(TIME,), limit=1, order=order)
            ends += [event[TIME] for event in self.store.search(request)]
        return (int(ends[0]), int(ends[-1])) if ends else None  # type: ignore[arg-type]

    def _length(self, interval: str, ends: tuple[int, int] | None) -> int:
        if interval == "auto":
            return spans.suitable(*ends or (0, 0))
        length = spans.interval_of(interval)
        if ends and (ends[1] - ends[0]) // length >= spans.MOST_SPANS:
            what = message(
                "{interval} cuts the time into more than {most} spans", interval=interval, most=spans.MOST_SPANS
            )
            raise UsageError(what, advice=message("take a longer interval, or auto"))
        return length


def _tell_more(count: int) -> None:
    note(message("there are more than these {count}: ask for more with --limit", count=count))


def _names_of(events: Sequence[Event]) -> tuple[str, ...]:
    """Return the fields that the events have, the usual ones first, in their order."""
    names = {name for event in events for name in event}
    return (*(name for name in DEFAULT_FIELDS if name in names), *sorted(names.difference(DEFAULT_FIELDS)))


_NAME_THEM = message("--fields @timestamp,host.name,message")
