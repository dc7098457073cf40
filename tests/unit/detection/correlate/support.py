"""Correlations and what rules found, as cases write them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sigma.correlations import SigmaExtendedCorrelationCondition

from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.events import Occurrence, Value
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Aggregate, All, Correlation, Header, Level, LogSource, Order, Rule
from sec_ops.detection.sigma.alternatives import alternatives_of

DAY = datetime(2026, 11, 26, tzinfo=UTC)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def header(name: str) -> Header:
    return Header(id=name, name=name, title={"en": name}, level=Level.HIGH, digest=f"digest of {name}")


def rule(name: str) -> Rule:
    return Rule(header=header(name), source=LogSource(), condition=All(()))


def correlation(body: Mapping[str, Any], name: str = "told") -> Correlation:
    """Return the correlation that a case writes as Sigma does."""
    given = body.get("condition", {"gte": len(set(body["rules"]))})
    words = given if isinstance(given, str) else ""
    condition: dict[str, Any] = {"gte": len(set(body["rules"]))} if words else dict(given)
    fields, percentile = condition.pop("field", ()), condition.pop("percentile", None)
    ((order, threshold),) = condition.items()
    return Correlation(
        header=header(str(body.get("id", name))),
        aggregate=Aggregate(body["type"]),
        rules=tuple(body["rules"]),
        span_s=int(body["timespan"][:-1]) * _SECONDS[body["timespan"][-1]],
        group_by=tuple(body.get("group-by", ())),
        aliases=body.get("aliases", {}),
        order=Order(order),
        threshold=threshold,
        fields=(fields,) if isinstance(fields, str) else tuple(fields),
        percentile=percentile,
        alternatives=alternatives_of(SigmaExtendedCorrelationCondition(words).parsed, body["rules"]) if words else (),
    )


def occurrences(lines: Iterable[str]) -> list[tuple[Rule, Occurrence]]:
    """Return what `08:00:00 failed+refused user.name=alice|bob` says: rules and the event that each found."""
    found = []
    for number, line in enumerate(lines):
        time, rules, *pairs = line.split(" ")
        event = {name: _value(text) for name, _, text in (pair.partition("=") for pair in pairs)}
        occurrence = Occurrence(event=event, shape="ecs", record=f"file:{number}", time_us=_time_us(time))
        found += [(rule(name), occurrence) for name in rules.split("+")]
    return found


def _value(text: str) -> Value:
    return text.split("|") if "|" in text else text


def _time_us(time: str) -> int | None:
    if time == "--":
        return None
    hours, minutes, seconds = map(int, time.split(":"))
    moment = DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return round(moment.timestamp() * 1_000_000)


def shown(hits: Iterable[Hit], name: str = "told") -> list[str]:
    """Return hits of one correlation as cases write them, in order of time."""
    mine = [hit for hit in hits if hit.rule.header.id == name]
    return sorted(
        f"{_clock(hit)} {' '.join(value for _, value in hit.group)}, {hit.count} {'more' if hit.more else 'events'}"
        for hit in mine
    )


def _clock(hit: Hit) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=hit.occurrences[-1].time_us or 0)).strftime("%T")


def told(correlator: Correlator, found: Sequence[tuple[Rule, Occurrence]]) -> list[Hit]:
    hits = [hit for each, occurrence in found for hit in correlator.feed(each, occurrence)]
    return [*hits, *correlator.flush()]
