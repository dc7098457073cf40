"""Times as people write them on the command line."""

import re
from datetime import tzinfo

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.siem.query.values import date_span

__all__ = ["moment_span"]

_AGO = re.compile(r"[0-9]{1,6}[smhdw]", re.ASCII)


def moment_span(option: str, text: str, zone: tzinfo, now_us: int) -> tuple[int, int]:
    """Return the first and last microsecond (since 1970, UTC) that an option's text names, by the clock of `zone`.

    It is a day, a time, or a length back from now such as `24h`. Raises UsageError.
    """
    try:
        return date_span(f"now-{text}" if _AGO.fullmatch(text) else text, zone=zone, now_us=now_us)
    except UsageError as error:
        advice = message("write a day, a time or a length: 2026-11-26, 2026-11-26T08:00, 24h, 7d")
        raise UsageError(message("{option}: {fault}", option=option, fault=error.what), advice=advice) from error
