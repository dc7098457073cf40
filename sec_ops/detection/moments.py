"""Times of detection as text."""

from datetime import UTC, datetime, timedelta, tzinfo

__all__ = ["moment_here", "moment_text"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_text(time_us: int | None) -> str:
    """Return microseconds since 1970 as RFC 3339 in UTC, empty when unknown or beyond the years that have a name."""
    moment = _moment(time_us)
    return "" if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_here(time_us: int | None, zone: tzinfo) -> str:
    """Return microseconds since 1970 by the clock of a zone: `2026-11-26 08:00:00`; `-` when unknown."""
    moment = _moment(time_us)
    try:
        return "-" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return f"{time_us} µs"


def _moment(time_us: int | None) -> datetime | None:
    try:
        return None if time_us is None else _EPOCH + timedelta(microseconds=time_us)
    except OverflowError:
        return None
