"""Live detection as `logs status` shows it: what it did, what it missed, what to do about that."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sec_ops.detection.live.standing import LiveStanding
from sec_ops.model.messages import message
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["detection_lines"]

_SILENT_MS = 120_000
_EARLIER = timedelta(days=1)
"""Events may be older than their receipt; a hunt begins that much before the gap."""


def detection_lines(standing: LiveStanding | None, now_ms: int) -> Iterator[str]:
    """Yield lines of text; none when nothing was ever judged as it came."""
    if standing is None:
        return
    yield _("live detection: {rules} rules, {events} events judged since {time}, {alerts} alerts opened").format(
        rules=standing.rules + standing.correlations,
        events=standing.events,
        time=_minute(standing.since_ms),
        alerts=standing.alerts,
    )
    if standing.ended_ms is None and now_ms - standing.updated_ms > _SILENT_MS:
        yield _("live detection ended without a word at {time}; logs listen starts it again").format(
            time=_minute(standing.updated_ms)
        )
    if standing.trouble:
        yield render(message("live detection has trouble: {trouble}", trouble=standing.trouble))
    if standing.gap_since_ms is not None:
        day = f"{_moment(standing.gap_since_ms) - _EARLIER:%Y-%m-%d}"
        yield _("some events that came since {time} were not judged; sec-ops detect hunt --since {day}").format(
            time=_minute(standing.gap_since_ms), day=day
        )
    if late := standing.not_used.get("late", 0):
        yield _("events that came too late to be correlated for certain: {count}").format(count=late)
    if dropped := standing.not_used.get("groups_dropped", 0) + standing.not_used.get("points_dropped", 0):
        yield _("correlations forgot for lack of room: {count}").format(count=dropped)


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC)


def _minute(time_ms: int) -> str:
    return f"{_moment(time_ms):%Y-%m-%d %H:%M}"
