"""Two snapshots of a part as the gate sees them: what restic's `diff` tells, and the first bytes of sampled files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Change
from sec_ops.backup.retaining.sampling import Changed, Read, samples_of
from sec_ops.backup.retaining.signs import Sample, Touched
from sec_ops.backup.verdict import Judged

__all__ = ["HEAD_BYTES", "Looked", "look"]

HEAD_BYTES = 1024 * 1024
"""So much is read of a sampled file."""

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen; with a verdict other than ok nothing was, and the run can't be judged."""

    judged: Judged
    touched: Touched | None = None
    samples: tuple[Sample, ...] = ()


def look(restic: Restic, before: str, after: str, chance: Random) -> Looked:
    """Compare two snapshots (whole ids) of one part; one call of restic, and one for each file looked into."""
    heard = _Heard(chance)
    told = restic.diff(before, after, on_change=heard.take)
    if not told.judged.good or told.summary is None:
        return Looked(judged=told.judged)
    touched = Touched(
        changed=told.summary.changed_files,
        added=told.summary.added_files,
        removed=told.summary.removed_files,
        added_bytes=told.summary.added_bytes,
        removed_bytes=told.summary.removed_bytes,
    )
    samples = samples_of(heard.found, before=_reader(restic, before), after=_reader(restic, after), chance=chance)
    return Looked(judged=told.judged, touched=touched, samples=samples)


class _Enough(Exception):
    """The head of a file is there."""


def _reader(restic: Restic, snapshot: str) -> Read:
    def read(path: str) -> bytes | None:
        head = bytearray()

        def take(data: bytes) -> None:
            head.extend(data)
            if len(head) >= HEAD_BYTES:
                raise _Enough

        try:
            ended = restic.dump(snapshot, path, on_bytes=take)
        except _Enough:
            return bytes(head[:HEAD_BYTES])
        return bytes(head) if ended.judged.good else None

    return read


@dataclass(slots=True)
class _Kind:
    """Paths of one kind of change: all of few, a fair choice of many."""

    seen: int = 0
    paths: list[str] = field(default_factory=list)


class _Heard:
    """Keeps paths whose bytes can be asked for; folders, metadata and names that are no text are left."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._kinds = {kind: _Kind() for kind in "M+-"}

    @property
    def found(self) -> Changed:
        """Return what was kept."""
        return Changed(changed=self._paths("M"), added=self._paths("+"), removed=self._paths("-"))

    def take(self, change: Change) -> None:
        """Take one difference (reservoir sampling, algorithm R)."""
        kind = self._kinds.get("M" if change.modifier.startswith(("M", "T")) else change.modifier[:1])
        if kind is None or change.path.endswith("/") or "\N{REPLACEMENT CHARACTER}" in change.path:
            return
        kind.seen += 1
        if len(kind.paths) < _REMEMBERED:
            kind.paths.append(change.path)
        elif (place := self._chance.randrange(kind.seen)) < _REMEMBERED:
            kind.paths[place] = change.path

    def _paths(self, kind: str) -> Sequence[str]:
        return self._kinds[kind].paths
