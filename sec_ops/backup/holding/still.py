"""A snapshot from its making to its end, and the words that start a program which sees the files in it.

The program runs in a mount namespace of its own, in which each path shows the snapshot: paths stay what they are, and
nobody else sees the mounts, which end with the program.
"""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sec_ops.backup.holding.laying import Laid, laid
from sec_ops.backup.holding.volume import PREFIX, Volume
from sec_ops.backup.holding.wanted import VolumeSnapshot
from sec_ops.backup.source import Doors, Order
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.model.messages import message

__all__ = ["Held", "held"]

_UNSHARE = ("unshare", "--mount", "--propagation", "private", "--", "sh", "-c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A snapshot that is there. `launcher` starts programs in it; it was made at `taken_at` (UTC) or just after."""

    launcher: tuple[str, ...]
    taken_at: datetime
    name: str
    volume: Volume
    wanted: VolumeSnapshot
    doors: Doors

    def check(self) -> None:
        """Raise ProgramFailed when what was read from it does not count."""
        fault = self.wanted.snapshots.fault(self.volume, self.name, self.doors)
        if fault:
            what = message("the snapshot of {path} did not hold: {reason}", path=self.volume.root, reason=fault)
            raise ProgramFailed(what, advice=message("give it more room, or run it when less is written"))


@contextmanager
def held(order: Order, wanted: VolumeSnapshot, paths: Sequence[str], *, below: str) -> Iterator[Held]:
    """Make a snapshot of the one volume that paths are on, for as long as the context lasts.

    Those of an earlier run that was killed are removed before. What is mounted `below` the paths is `refused`, or it is
    `left out`. Raises EngineError, and when it can't be removed in the end too: it would grow and be forgotten.
    """
    where = laid(paths, wanted, order.doors, below=below)
    volume, doors = where.volume, order.doors
    prefix = f"{PREFIX}{sha256(f'{order.system}/{order.source.id}'.encode()).hexdigest()[:12]}-"
    for left in wanted.snapshots.left(volume, prefix, doors):
        _drop(wanted, volume, left, doors)
    taken_at = doors.clock.now()
    name = f"{prefix}{taken_at:%Y%m%d%H%M%S}"
    try:
        mounting = _taken(wanted, volume, name, doors)
        launcher = (*_UNSHARE, _script(mounting, where), PREFIX.rstrip("-"))
        yield Held(launcher=launcher, taken_at=taken_at, name=name, volume=volume, wanted=wanted, doors=doors)
    finally:
        # Also when making it was cut short: it may be there all the same.
        for left in wanted.snapshots.left(volume, name, doors):
            _drop(wanted, volume, left, doors)


def _taken(wanted: VolumeSnapshot, volume: Volume, name: str, doors: Doors) -> Sequence[str]:
    try:
        return wanted.snapshots.take(volume, name, wanted.read(), doors)
    except EngineError as error:
        what = message("no {kind} snapshot of {path}: {reason}", kind=wanted.kind, path=volume.root, reason=error.what)
        advice = message("see that its tools are there, that it runs as root, and that the volume has room")
        raise ProgramFailed(what, why=error.why, advice=advice) from error


def _drop(wanted: VolumeSnapshot, volume: Volume, name: str, doors: Doors) -> None:
    try:
        wanted.snapshots.drop(volume, name, doors)
    except EngineError as error:
        what = message("the snapshot {name} of {path} could not be removed", name=name, path=volume.root)
        why = "\n".join(filter(None, (str(error.what), error.why)))
        raise ProgramFailed(what, why=why, advice=message("remove it by hand, then run it again")) from error


def _script(mounting: Sequence[str], where: Laid) -> str:
    """Return the shell's text: the snapshot is shown at the first place, from there at the others, last at the first.

    So no folder is needed that nobody else has.
    """
    first, *others = where.places
    inside = where.volume.inside
    seen = {each: first / inside.relative_to("/") / each.relative_to(where.volume.root) for each in where.places}
    mounts = [("mount", *mounting, str(first))]
    mounts += [("mount", "--bind", str(seen[each]), str(each)) for each in (*others, first)]
    mounts += [("mount", "-o", "remount,bind,ro", str(each)) for each in where.places]
    return " && ".join(shlex.join(each) for each in mounts) + ' && exec "$@"'
