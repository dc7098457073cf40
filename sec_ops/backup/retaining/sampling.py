"""Which changed files are looked into, and beside what: chosen by chance, those most telling first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from random import Random

from sec_ops.backup.retaining.formats import known_name, looks
from sec_ops.backup.retaining.randomness import COARSE_BYTES, FINE_BYTES, random_share
from sec_ops.backup.retaining.signs import Glimpse, Sample

__all__ = ["SAMPLES", "Changed", "Read", "samples_of"]

SAMPLES = 16
"""Files looked into of each part; each costs a call of restic, a second one where it is odd."""

_LEADING = 8

Read = Callable[[str], bytes | None]
"""Return the first bytes of a file, None when it can't be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Paths of two snapshots that differ: files whose content changed, that came, that went."""

    changed: Sequence[str] = ()
    added: Sequence[str] = ()
    removed: Sequence[str] = ()


def samples_of(found: Changed, *, before: Read, after: Read, chance: Random) -> tuple[Sample, ...]:
    """Return the samples; a file that can't be read is left for the next, so that what is seen is not fewer.

    Files that changed are compared with themselves, files that came with the one they are named after or were before
    they moved, else with any that went; the earlier one is read only where the later one is suspect.
    """
    removed, samples = frozenset(found.removed), list[Sample]()
    for path, added in _chosen(found, removed, chance):
        if len(samples) == SAMPLES:
            break
        glimpse = _glimpse(path, after)
        if glimpse is None:
            continue
        earlier = None
        if glimpse.suspect:
            earlier = _earlier(path, removed, found.removed, before, chance) if added else _glimpse(path, before)
        samples.append(Sample(path=path, after=glimpse, before=earlier, added=added))
    return tuple(samples)


def _chosen(found: Changed, removed: frozenset[str], chance: Random) -> list[tuple[str, bool]]:
    """Return candidates: some named after others that went, or without a format, then any."""
    telling = [path for path in found.added if _stem(path, removed)]
    if removed:
        telling += [path for path in found.added if not known_name(path)]
    leading = chance.sample(telling, min(len(telling), _LEADING))
    changed, added = (chance.sample(each, min(len(each), 4 * SAMPLES)) for each in (found.changed, found.added))
    rest = [*_tagged(changed, added=False), *_tagged(added, added=True)]
    chance.shuffle(rest)
    return list(dict.fromkeys([*_tagged(leading, added=True), *rest]))[: 4 * SAMPLES]


def _tagged(paths: Sequence[str], *, added: bool) -> list[tuple[str, bool]]:
    return [(path, added) for path in paths]


def _earlier(
    path: str, removed: frozenset[str], ordered: Sequence[str], before: Read, chance: Random
) -> Glimpse | None:
    """Return what stood in the place of a file that came: what it is named after, its namesake, else one that went."""
    if not ordered:
        return None
    name, folder = PurePosixPath(path).name, PurePosixPath(path).parent
    namesake = next((each for each in ordered if PurePosixPath(each).name == name), "")
    beside = [each for each in ordered if PurePosixPath(each).parent == folder]
    return _glimpse(_stem(path, removed) or namesake or chance.choice(beside or ordered), before)


def _stem(path: str, removed: frozenset[str]) -> str:
    """Return the file that went and that this one is named after, such as `a.docx` of `a.docx.locked`."""
    while "." in PurePosixPath(path).name[1:]:
        path = path.rpartition(".")[0]
        if path in removed:
            return path
    return ""


def _glimpse(path: str, read: Read) -> Glimpse | None:
    head = read(path)
    if not head:
        return None
    coarse, fine = (random_share(head, size) for size in (COARSE_BYTES, FINE_BYTES))
    return Glimpse(look=looks(path, head), random=coarse, random_finely=fine, bytes=len(head))
