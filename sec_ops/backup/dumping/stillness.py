"""Whether files stood still: what changed below some paths since a moment, by the clock of where they lie."""

from collections.abc import Sequence

from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.source import Doors

__all__ = ["changed_since", "moment_there"]

_SHOWN = 1000


def moment_there(doors: Doors) -> str:
    """Return the present there in seconds since 1970, with nanoseconds; raises EngineError."""
    return asked(Words(arguments=("date", "+%s.%N")), doors).strip()


def changed_since(moment: str, paths: Sequence[str], doors: Doors, *, deadline_seconds: float) -> tuple[str, ...]:
    """Return what changed after the moment, the first thousand paths; raises EngineError."""
    words = Words(arguments=("find", *paths, "-newerct", f"@{moment}", "-print0"))
    found = asked(words, doors, deadline_seconds=deadline_seconds).split("\0")
    return tuple(filter(None, found))[:_SHOWN]
