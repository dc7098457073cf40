"""The daily summary: facts of a standing, as they are sealed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sec_ops.model.evidence import LogsSummary, SummaryScope, SummaryStream, SummarySystem
from sec_ops.model.log_settings import SIX_MONTHS_DAYS, LogSettings
from sec_ops.runtime.clock import utc_text
from sec_ops.siem.status.standing import SourceStanding, Standing, State
from sec_ops.siem.storing import DatasetDay

__all__ = ["kept_days", "source_document", "summary_of"]

_NAMED = 200


def summary_of(
    standing: Standing, days: Sequence[DatasetDay], settings: LogSettings, streams: Mapping[str, tuple[int, str]]
) -> LogsSummary:
    """Return the summary; `streams` has the last batch and the chain's head of each stream of the raw log."""
    now = datetime.fromtimestamp(standing.now_us // 1_000_000, UTC)
    wanting = sorted(each.name for each in standing.wanting)
    sources = (*standing.expected, *standing.unexpected)
    systems = dict.fromkeys(each.system for each in standing.expected)
    return LogsSummary(
        day=now.date().isoformat(),
        retention_days=settings.retention_days,
        retention_reason=settings.retention_reason,
        oldest_day=min((each.day for each in days), default=""),
        days_kept=kept_days(days, now),
        events=sum(each.events_day for each in sources),
        unparsed=sum(each.unparsed_day for each in sources),
        expected=len(standing.expected),
        arriving=len(standing.expected) - len(wanting),
        unexpected=len(standing.unexpected),
        gaps=sum(each.gaps for each in sources),
        not_arriving=tuple(wanting[:_NAMED]),
        systems=tuple(_system(name, standing) for name in systems),
        streams=tuple(SummaryStream(stream=name, last=last, head=head) for name, (last, head) in streams.items()),
    )


def kept_days(days: Iterable[DatasetDay], now: datetime) -> int:
    """Return on how many of the last 184 days something happened that is kept."""
    first = (now - timedelta(days=SIX_MONTHS_DAYS)).date().isoformat()
    return len({each.day for each in days if first < each.day <= now.date().isoformat() and each.events})


def source_document(standing: SourceStanding, now_us: int) -> dict[str, Any]:
    """Return a source as JSON has it: times RFC 3339 or null, durations in milliseconds."""
    gap = standing.last_gap
    return {
        "name": standing.name,
        "system": standing.system,
        "unit": standing.unit,
        "host": standing.host,
        "object": standing.device,
        "collect": standing.collect,
        "state": standing.state.value,
        "sources": list(standing.sources),
        "datasets": list(standing.datasets),
        "last_seen": _time(standing.last_us),
        "last_received": _time(standing.last_received_us),
        "oldest": _time(standing.oldest_us),
        "reach_days": standing.reach_days(now_us),
        "silent_ms": standing.silent_ms if standing.ever_came else None,
        "events": standing.events,
        "events_last_day": standing.events_day,
        "events_per_hour": standing.events_day // 24,
        "unparsed_last_day": standing.unparsed_day,
        "unparsed_permille": standing.unparsed_day * 1000 // standing.events_day if standing.events_day else 0,
        "gaps": standing.gaps,
        "last_gap": {**asdict(gap), "kind": gap.kind.value} if gap else None,
        "behind_ms": standing.behind_ms if standing.ever_came else None,
        "clock_offset_ms": standing.clock_offset_ms,
        "trouble": standing.trouble,
    }


def _system(name: str, standing: Standing) -> SummarySystem:
    own = [each for each in standing.expected if each.system == name]
    hosts = [each for each in own if not each.device]
    devices = [each for each in own if each.device]
    return SummarySystem(id=name, hosts=_scope(hosts, standing), devices=_scope(devices, standing))


def _scope(sources: Sequence[SourceStanding], standing: Standing) -> SummaryScope:
    states = [each.state for each in sources]
    reaches = [each.reach_days(standing.now_us) for each in sources]
    return SummaryScope(
        expected=len(sources),
        arriving=states.count(State.ARRIVING),
        silent=states.count(State.SILENT) + states.count(State.STALE),
        missing=states.count(State.MISSING),
        gaps=sum(each.gaps for each in sources),
        reach_days=min(reaches, default=0),
    )


def _time(us: int) -> str | None:
    if not us:
        return None
    try:
        return utc_text(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us))
    except OverflowError:
        return None
