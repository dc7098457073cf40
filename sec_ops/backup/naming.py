"""How snapshots are named: the tags by which a run's parts are found again in any repository, and the host's name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MANIFEST", "MANIFEST_FILE", "PROBE_HOST", "Named", "named", "tags_of"]

MANIFEST = "manifest"
"""Name of the part that holds a run's manifest; it belongs to no source and is saved last."""

MANIFEST_FILE = "manifest.json"
"""File name of the manifest in its snapshot."""

PROBE_HOST = "sec-ops-probe"
"""Host of snapshots made to be attacked; they are never restore points."""

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a snapshot's tags say. `verdict` stands on a manifest only: what its run came to."""

    system: str
    run: str
    source: str = ""
    part: str = ""
    verdict: str = ""


def tags_of(name: Named) -> tuple[str, ...]:
    """Return the tags, such as `system:records`; raises ValueError for a name that restic would take apart."""
    pairs = [(key, getattr(name, key)) for key in _KEYS if getattr(name, key)]
    for key, value in pairs:
        if not _SAFE.fullmatch(value):
            raise ValueError(f"{key}: {value!r}")
    return tuple(f"{key}:{value}" for key, value in pairs)


def named(tags: Sequence[str]) -> Named | None:
    """Return what the tags say, None for a snapshot that no run of a plan made."""
    found = dict(pair for tag in tags if (pair := _pair(tag)))
    if not found.get("system") or not found.get("run"):
        return None
    return Named(**found)


def _pair(tag: str) -> tuple[str, str] | None:
    key, colon, value = tag.partition(":")
    return (key, value) if colon and key in _KEYS and _SAFE.fullmatch(value) else None


_KEYS = ("system", "run", "source", "part", "verdict")
