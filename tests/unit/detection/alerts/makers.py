"""Rules and hits for tests of alerts."""

from typing import Any

from sec_ops.detection.events import Entity, FlatEvent, Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Aggregate, All, Correlation, Glob, Header, Level, LogSource, Rule, Test

HOUR_US = 3_600_000_000
NOON_US = 1_795_694_400_000_000
NOW_MS = NOON_US // 1000


def header(**changes: Any) -> Header:
    base: dict[str, Any] = {
        "id": "r-1",
        "name": "guessing",
        "title": {"en": "Password guessing", "zh": "口令猜测"},
        "level": Level.HIGH,
        "runbook": "account_compromise",
        "digest": "a" * 64,
    }
    return Header(**{**base, **changes})


def rule(source: LogSource | None = None, **changes: Any) -> Rule:
    condition = All((Test("event.action", Glob(("ssh_login",))),))
    return Rule(header=header(**changes), source=source or LogSource(product="linux"), condition=condition)


def correlation(**changes: Any) -> Correlation:
    return Correlation(
        header=header(**changes), aggregate=Aggregate.EVENT_COUNT, rules=("r-0",), span_s=600, threshold=5
    )


def hit(
    number: int = 1,
    *,
    of: Rule | Correlation | None = None,
    time_us: int | None = NOON_US,
    record: str = "",
    event: FlatEvent | None = None,
    group: tuple[tuple[str, str], ...] = (),
    count: int = 1,
    **entity: str,
) -> Hit:
    occurrence = Occurrence(
        event=event if event is not None else {"event.action": "ssh_login", "user.name": entity.get("user", "root")},
        shape="ecs",
        record=record or f"linux/{number // 100}/{number % 100}",
        time_us=time_us,
        entity=Entity(**({"host": "web-1"} | entity)),
    )
    return Hit(rule=of or rule(), occurrences=(occurrence,), count=count, group=group)
