"""How live detection stands, as its process last told: `var/state/detection-live.json`, read by `logs status`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sec_ops.model.messages import Message
from sec_ops.runtime.files import make_folder, write_atomically

__all__ = ["LiveStanding", "read_standing", "write_standing"]

_FILE = "detection-live.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStanding:
    """Times are milliseconds since 1970 (UTC), counts since `since_ms`.

    `delay_ms` is how long after its receipt the oldest hit of the last write became an alert. `unjudged` are events
    that passed while nothing could judge them; `gaps` are those that no hunt has closed, from `gap_since_ms` on.
    `not_used` counts by name what correlations could not use as it came. `ended_ms` is None while detection runs; when
    `updated_ms` is minutes old and it never ended, its process was killed.
    """

    since_ms: int
    updated_ms: int
    ended_ms: int | None = None
    rules: int = 0
    correlations: int = 0
    events: int = 0
    hits: int = 0
    alerts: int = 0
    unjudged: int = 0
    gaps: int = 0
    gap_since_ms: int | None = None
    trouble: Message | None = None
    delay_ms: int = 0
    not_used: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def write_standing(folder: Path, standing: LiveStanding) -> None:
    """Write it into a site's `var/state/`; raises StorageError."""
    data = json.dumps(standing.document(), ensure_ascii=False, default=str).encode()
    write_atomically(make_folder(folder) / _FILE, data)


def read_standing(folder: Path) -> LiveStanding | None:
    """Return what was last told; None when nothing was, or it can't be read: it is told anew every few seconds."""
    try:
        document = json.loads((folder / _FILE).read_bytes())
        trouble = document.pop("trouble")
        return LiveStanding(**document, trouble=Message(**trouble) if trouble else None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
