"""Letting days of logs go: due by their receipt, not held, sealed first, then removed."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby

from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import DeletedDataset, LogsDeleted
from sec_ops.model.log_hold import Hold
from sec_ops.model.log_settings import LogSettings
from sec_ops.model.messages import message
from sec_ops.runtime.clock import utc_text
from sec_ops.siem.opening import OpenedStore
from sec_ops.siem.retaining.holds import Holds, holding
from sec_ops.siem.storing import DatasetDay, Expiring, Retained

__all__ = ["Rule", "doubt_clock", "let_go", "look_ahead", "raw_before", "rule_of"]

_SILENCE = timedelta(days=60)
"""A clock that is further ahead of the last receipt is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is due: everything received before this moment, a midnight in UTC."""

    received_before: datetime
    days: int
    reason: str

    @property
    def received_before_us(self) -> int:
        """Return the moment in microseconds."""
        return int(self.received_before.timestamp()) * 1_000_000


def rule_of(settings: LogSettings, now: datetime) -> Rule:
    """Return the rule of a site: logs are kept for so many whole days (UTC) after the day of their receipt."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    before = midnight - timedelta(days=settings.retention_days)
    return Rule(received_before=before, days=settings.retention_days, reason=settings.retention_reason)


def doubt_clock(store: OpenedStore, now: datetime) -> None:
    """Raise UsageError when nothing was received for so long that the clock may be wrong: all would be due."""
    long_ago = int((now - _SILENCE).timestamp() * 1_000_000)
    kept = len(store.days())
    if kept and len(store.expired(long_ago)) == kept:
        what = message(
            "the clock says {now}, but nothing was received in the {days} days before",
            now=utc_text(now),
            days=_SILENCE.days,
        )
        advice = message("check the clock; if it is right, run the command again with --clock-is-right")
        raise UsageError(what, advice=advice)


def look_ahead(store: Expiring, holds: Holds, rule: Rule) -> Iterator[Retained]:
    """Yield what would be let go and what is held, without changing anything."""
    for day, due in _due(store, rule):
        free, held = _sorted_out(due, holds, store)
        yield from _held(day, held)
        if free:
            yield _retained(day, {each.dataset: _facts(store, each) for each in free})


def let_go(store: Expiring, holds: Holds, rule: Rule, seal: Callable[[LogsDeleted], None]) -> Iterator[Retained]:
    """Yield what was let go and what is held, day by day.

    A day is sealed before anything of it is removed: when that is cut short, the next run seals and removes the rest.
    """
    for day, due in _due(store, rule):
        with holds.undisturbed():
            free, held = _sorted_out(due, holds, store)
            gone = _remove(store, day, free, rule, seal) if free else None
        yield from _held(day, held)
        if gone:
            yield gone


def raw_before(rule: Rule, standing: Sequence[Hold]) -> datetime:
    """Return the moment before which raw records are let go: a hold keeps all that were received since its first day.

    One day more, for an event may be received that long before the time it claims (`embedded.partitions`).
    """
    begins = [datetime.combine(hold.first_day, time(), UTC) - timedelta(days=1) for hold in standing]
    return min([rule.received_before, *begins])


def _remove(
    store: Expiring, day: str, free: Sequence[DatasetDay], rule: Rule, seal: Callable[[LogsDeleted], None]
) -> Retained | None:
    facts = {each.dataset: _facts(store, each) for each in free}
    seal(
        LogsDeleted(
            day=day,
            datasets=facts,
            received_before=utc_text(rule.received_before),
            retention_days=rule.days,
            retention_reason=rule.reason,
        )
    )
    removed = {each.dataset: facts[each.dataset] for each in free if store.remove(each, facts[each.dataset].sha256)}
    return _retained(day, removed) if removed else None


def _due(store: Expiring, rule: Rule) -> list[tuple[str, list[DatasetDay]]]:
    expired = sorted(store.expired(rule.received_before_us), key=lambda each: (each.day, each.dataset))
    return [(day, list(due)) for day, due in groupby(expired, key=lambda each: each.day)]


def _sorted_out(
    due: Sequence[DatasetDay], holds: Holds, store: Expiring
) -> tuple[list[DatasetDay], dict[str, list[DatasetDay]]]:
    standing = holds.standing()
    free: list[DatasetDay] = []
    held: dict[str, list[DatasetDay]] = {}
    for each in due:
        hold = holding(each, standing, store)
        (held.setdefault(hold.id, []) if hold else free).append(each)
    return free, held


def _held(day: str, held: Mapping[str, Sequence[DatasetDay]]) -> Iterator[Retained]:
    for hold, days in held.items():
        names = tuple(each.dataset for each in days)
        yield Retained(day=day, datasets=names, events=sum(each.events for each in days), sha256="", held_by=hold)


def _facts(store: Expiring, day: DatasetDay) -> DeletedDataset:
    return DeletedDataset(events=day.events, sha256=store.digest(day))


def _retained(day: str, facts: Mapping[str, DeletedDataset]) -> Retained:
    events = sum(each.events for each in facts.values())
    digests = "\n".join(f"{name} {each.sha256}" for name, each in sorted(facts.items()))
    return Retained(day=day, datasets=tuple(facts), events=events, sha256=hashlib.sha256(digests.encode()).hexdigest())
