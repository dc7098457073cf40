"""Counts drawn with plain characters: each line says its number before its bar, so that it can also be read aloud."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from sec_ops.cli.table import table
from sec_ops.siem.spans import DAY_US
from sec_ops.siem.storing import Bucket

__all__ = ["histogram_text", "span_label", "top_text"]

_WIDEST = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_US = 60_000_000


def histogram_text(buckets: Sequence[Bucket], interval_us: int, zone: tzinfo, heads: tuple[str, str]) -> str:
    """Return a line a span: when it begins by the clock of the zone, its count, and a bar of the count."""
    labels = [span_label(int(bucket.key or 0), interval_us, zone) for bucket in buckets]
    return _bars(labels, [bucket.count for bucket in buckets], heads)


def top_text(buckets: Sequence[Bucket], labels: Sequence[str], heads: tuple[str, str]) -> str:
    """Return a line a value: the value, its count, and a bar of the count."""
    return _bars(labels, [bucket.count for bucket in buckets], heads)


def span_label(begin_us: int, interval_us: int, zone: tzinfo) -> str:
    """Return when a span begins, as exactly as its length asks for."""
    try:
        there = (_EPOCH + timedelta(microseconds=begin_us)).astimezone(zone)
    except (ValueError, OverflowError):
        return f"{begin_us} µs"
    if interval_us % DAY_US == 0:
        return there.strftime("%Y-%m-%d")
    return there.strftime("%Y-%m-%d %H:%M" if interval_us % _MINUTE_US == 0 else "%Y-%m-%d %H:%M:%S")


def _bars(labels: Sequence[str], counts: Sequence[int], heads: tuple[str, str]) -> str:
    from rich.cells import cell_len

    most = max(counts, default=0)
    width = max(len(f"{most:,}"), cell_len(heads[1]))
    rows = [(label, f"{count:>{width},}", _bar(count, most)) for label, count in zip(labels, counts, strict=True)]
    return table((*heads, ""), rows)


def _bar(count: int, most: int) -> str:
    return "#" * max(round(count * _WIDEST / most), 1) if count else ""
