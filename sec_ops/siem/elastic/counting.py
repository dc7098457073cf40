"""Counts, made where the events lie, exact or refused: a field's values, spans of time, days and sources."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.siem.elastic.compiling import compile_query
from sec_ops.siem.elastic.names import DAY, LISTS, LONG_KEYS, MORE, MORE_RAW, RAW, RECEIVED, microseconds_field
from sec_ops.siem.elastic.searching import Asking
from sec_ops.siem.elastic.shaping import field_key
from sec_ops.siem.elastic.sorting import value_field
from sec_ops.siem.events import DATASET, PIPELINE_ERROR, TIME, FieldType, Scalar
from sec_ops.siem.query.tree import Exists
from sec_ops.siem.storing import Bucket, DatasetDay, Request, SourceFacts

__all__ = ["Counting"]

_TERMS = 10_000
_FIELDS = 100
_SOURCE_FIELDS = ("sec_ops.source", DATASET, "host.name", "sec_ops.unit")
_TIME_US = microseconds_field(TIME)


@dataclass(frozen=True, slots=True)
class Counting:
    """What one store counts; each raises EngineError for the server's faults, UsageError for the request's."""

    asking: Asking

    def count(self, request: Request) -> int:
        """Return how many events are found."""
        return int(self.asking.aggregate(request, {})["total"])

    def histogram(self, request: Request, interval_us: int) -> list[Bucket]:
        """Return the counts of spans, aligned to 1970, in order, without the empty ones."""
        source = {"span": {"histogram": {"field": _TIME_US, "interval": interval_us}}}
        buckets = self.asking.composite(request, [source], {})
        return [Bucket(key=int(each["key"]["span"]), count=each["doc_count"]) for each in buckets]

    def top(self, request: Request, name: str) -> list[Bucket]:
        """Return the most frequent values, the smaller first where counts are equal."""
        kind = self.asking.types.of(name)
        column = value_field(name, kind)
        more = list(self._more(request, name)) if kind is FieldType.KEYWORD else []
        frequent = None if more else self._frequent(request, column)
        found = [*more, *(self._all(request, column) if frequent is None else frequent)]
        counts: dict[Scalar, int] = {}
        for key, count in found:
            value = _value(key, kind)
            counts[value] = counts.get(value, 0) + count
        ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        return [Bucket(key=value, count=count) for value, count in ordered[: request.limit]]

    def days(self, received_before_us: int | None = None) -> list[DatasetDay]:
        """Return what is kept, by dataset and day; if a moment is given, only days received whole before it."""
        sources = [{"day": {"terms": {"field": DAY}}}, {"dataset": {"terms": {"field": DATASET + RAW}}}]
        return [
            DatasetDay(dataset=each["key"]["dataset"], day=each["key"]["day"], events=each["doc_count"], bytes=0)
            for each in self.asking.composite(Request(), sources, {"last": {"max": {"field": RECEIVED}}})
            if received_before_us is None or each["last"]["value"] < received_before_us
        ]

    def sources(self, since_us: int, until_us: int) -> list[SourceFacts]:
        """Return what was received within the span, by source, dataset, host and unit."""
        query = {"range": {RECEIVED: {"gte": since_us, "lt": until_us}}}
        sources = [{name: {"terms": {"field": name + RAW, "missing_bucket": True}}} for name in _SOURCE_FIELDS]
        inner = {
            "unparsed": {"filter": {"term": {"event.kind": PIPELINE_ERROR}}},
            "first": {"min": {"field": _TIME_US}},
            "last": {"max": {"field": _TIME_US}},
            "received": {"max": {"field": RECEIVED}},
        }
        found = [_facts(each) for each in self.asking.composite(Request(), sources, inner, query)]
        return sorted(found, key=lambda each: (each.source, each.dataset, each.host, each.unit))

    def overflowing(self) -> list[str]:
        """Return the datasets with values of fields that have no column, by name."""
        source = {"dataset": {"terms": {"field": DATASET + RAW}}}
        found = self.asking.composite(Request(), [source], {}, {"exists": {"field": MORE}})
        return sorted(each["key"]["dataset"] for each in found)

    def fields(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return, by dataset, which of these fields its events have."""
        source = {"dataset": {"terms": {"field": DATASET + RAW}}}
        found: dict[str, set[str]] = {}
        for some in _chunks(sorted(names), _FIELDS):
            queries = [compile_query(Exists(name), self.asking.types) for name in some]
            inner = {str(number): {"filter": query} for number, query in enumerate(queries)}
            for each in self.asking.composite(Request(), [source], inner):
                there = {name for number, name in enumerate(some) if each[str(number)]["doc_count"]}
                found.setdefault(each["key"]["dataset"], set()).update(there)
        return {dataset: frozenset(fields) for dataset, fields in found.items()}

    def sources_of(self, day: DatasetDay) -> frozenset[str]:
        """Return the sources whose events a day of a dataset holds."""
        source = {"source": {"terms": {"field": f"sec_ops.source{RAW}"}}}
        buckets = self.asking.composite(Request(), [source], {}, day_filter(day))
        return frozenset(each["key"]["source"] for each in buckets)

    def refuse_unordered(self, request: Request) -> None:
        """Raise UsageError when events are to be sorted by a field whose values can't all be compared here."""
        if request.sort == TIME:
            return
        key = f"{field_key(request.sort)}:"
        elsewhere = [{"term": {LISTS: request.sort}}, {"prefix": {MORE: key}}, {"prefix": {LONG_KEYS: key}}]
        some = {"bool": {"should": elsewhere, "minimum_should_match": 1}}
        if self.asking.aggregate(request, {}, {"bool": {"filter": [self.asking.filter(request), some]}})["total"]:
            what = message(
                "some events hold lists or long values in {field}, which have no order here", field=request.sort
            )
            raise UsageError(what, advice=message("sort by another field, or search for other events"))

    def _frequent(self, request: Request, column: str) -> list[tuple[Any, int]] | None:
        """Return the most frequent values and their counts, None when the server can't vouch for them."""
        if request.limit is None or request.limit > _TERMS:
            return None
        body = {"field": column, "size": max(1, request.limit), "shard_size": _TERMS}
        order = {"order": [{"_count": "desc"}, {"_key": "asc"}]}
        found = self.asking.aggregate(request, {"values": {"terms": {**body, **order}}}).get("values", {})
        if found.get("doc_count_error_upper_bound", 0):
            return None
        return [(each["key"], each["doc_count"]) for each in found.get("buckets", ())]

    def _all(self, request: Request, column: str) -> Iterator[tuple[Any, int]]:
        for each in self.asking.composite(request, [{"value": {"terms": {"field": column}}}], {}):
            yield each["key"]["value"], each["doc_count"]

    def _more(self, request: Request, name: str) -> Iterator[tuple[str, int]]:
        """Yield values of a field in events where it has no column; raises UsageError when some are too long."""
        key = f"{field_key(name)}:"
        query = self.asking.filter(request)
        long, more = ({"bool": {"filter": [query, {"prefix": {own: key}}]}} for own in (LONG_KEYS, MORE))
        if self.asking.aggregate(request, {}, long)["total"]:
            what = message("some values of {field} are too long to be counted here", field=name)
            raise UsageError(what, advice=message("count another field"))
        if not self.asking.aggregate(request, {}, more)["total"]:
            return
        for each in self.asking.composite(request, [{"value": {"terms": {"field": MORE_RAW}}}], {}, more):
            value = each["key"]["value"]
            if value.startswith(key):
                yield value.removeprefix(key), each["doc_count"]


def _chunks(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield the names in groups, one empty group when there are none."""
    return (names[begin : begin + size] for begin in range(0, max(len(names), 1), size))


def day_filter(day: DatasetDay) -> dict[str, Any]:
    """Return the query for a day of a dataset, by exact spelling."""
    terms = {DATASET: day.dataset, DATASET + RAW: day.dataset, DAY: day.day}
    return {"bool": {"filter": [{"term": {name: value}} for name, value in terms.items()]}}


def _facts(bucket: Mapping[str, Any]) -> SourceFacts:
    source, dataset, host, unit = (bucket["key"][name] or "" for name in _SOURCE_FIELDS)
    return SourceFacts(
        source=source,
        dataset=dataset,
        host=host,
        unit=unit,
        events=bucket["doc_count"],
        unparsed=bucket["unparsed"]["doc_count"],
        first_us=int(bucket["first"]["value"]),
        last_us=int(bucket["last"]["value"]),
        last_received_us=int(bucket["received"]["value"]),
    )


def _value(key: Scalar, kind: FieldType) -> Scalar:
    if kind is FieldType.BOOLEAN:
        return key in (1, "true", True)
    return int(key) if kind is FieldType.DATE else key
