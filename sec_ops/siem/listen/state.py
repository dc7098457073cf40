"""How the listeners of a site stand: `var/state/listen/<id>.json`, one a listener, read by `logs status`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sec_ops.runtime.files import make_folder, write_atomically

__all__ = ["ListenerState", "read_states", "write_state"]

_FOLDER = "listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerState:
    """One listener as its process last told; times are milliseconds since 1970 in UTC.

    `ended_ms` is None while it listens; when `updated_ms` is minutes old and it never ended, its process was killed.
    `counts` are those of `Counts`, since `since_ms`. `held_bytes` are in memory and not on disk; `trouble` says why the
    last attempt to write failed.
    """

    id: str
    kind: str
    address: str
    port: int
    pid: int
    since_ms: int
    updated_ms: int
    ended_ms: int | None = None
    held_bytes: int = 0
    trouble: str = ""
    counts: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def write_state(folder: Path, state: ListenerState) -> None:
    """Write the state of a listener into a site's `var/state/`; raises StorageError."""
    data = json.dumps(state.document(), ensure_ascii=False).encode()
    write_atomically(make_folder(folder / _FOLDER) / f"{state.id}.json", data)


def read_states(folder: Path) -> list[ListenerState]:
    """Return what the listeners told, by id; what can't be read is left out, for it is told anew every few seconds."""
    states = []
    for path in sorted((folder / _FOLDER).glob("*.json")):
        try:
            document = json.loads(path.read_bytes())
            states.append(ListenerState(**document))
        except (OSError, ValueError, TypeError):
            continue
    return states
