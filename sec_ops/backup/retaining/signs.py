"""Signs of ransomware 勒索迹象 in a backup: pure scoring of what restic told and of sampled contents.

Two signs of one part hold its run. Any of them alone has ordinary causes: a season's peak rewrites many files, an
import of photographs does not compress, a rotated archive goes and comes, a year's files are taken away. Where sampled
contents are what their names promise, data that does not compress and replaced files are explained by that.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sec_ops.backup.retaining.formats import Look
from sec_ops.model.messages import Message, message

__all__ = ["Glimpse", "Grown", "Measured", "Past", "Raised", "Sample", "Sign", "Touched", "holds", "past_of", "raised"]

HISTORY = 30
"""So many earlier runs that count make a part's own history."""

_SIGNS = 2
_CHANGED_SHARE = 0.25
_BEYOND_HISTORY = 2.0
_NEARLY_ALL = 0.9
_SHRUNK = 0.5
_RATIO_JUMP, _STREAM_JUMP = 0.15, 1.25
_INCOMPRESSIBLE = 0.9
_LEAST_ADDED_BYTES = 64 * 1024
_EXPLAINED_SAMPLES, _EXPLAINED_SHARE = 4, 0.75
_REPLACED_FILES, _EQUAL_WITHIN = 3, 0.1
_NEW_DATA_SHARE = 0.5
_TURNED_RANDOM, _RANDOM = 0.3, 0.9
_ENOUGH_BYTES = 64 * 1024
_IN_ONE_RUN, _IN_HISTORY = 2, 4


class Sign(StrEnum):
    """What a part shows."""

    CHANGED_SHARE = "changed_share"
    PACKED_RATIO = "packed_ratio"
    REPLACED = "replaced"
    ENTROPY = "entropy"
    CONTENT = "content"
    SHRUNK = "shrunk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """The first bytes of a file: beside its name, and the shares of its blocks that can't be told from random."""

    look: Look
    random: float | None
    random_finely: float | None
    bytes: int

    @property
    def odd(self) -> bool:
        """Return whether it is not what its name promises, or of no format at all and random."""
        return self.look is Look.STRANGE or (self.look is Look.UNKNOWN and (self.random or 0.0) >= _RANDOM)

    @property
    def suspect(self) -> bool:
        """Return whether what it was before matters."""
        return self.odd or (self.look is not Look.AS_NAMED and bool(self.random or self.random_finely))

    @property
    def plain(self) -> bool:
        """Return whether it has a format, or is known to be no random bytes."""
        return self.look in (Look.AS_NAMED, Look.BEGINS) or (self.random is not None and self.random < _RANDOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file that is new or changed, and what stood in its place: at its path, or the like of it that went."""

    path: str
    after: Glimpse
    before: Glimpse | None = None
    added: bool = False

    @property
    def turned_random(self) -> bool:
        """Return whether more of it is random than before, which neither edits nor other packing do.

        Of what only begins as named too little is no proof, for packed data is random in small blocks.
        """
        if self.before is None or self.after.look is Look.AS_NAMED:
            return False
        coarse = _rose(self.before.random, self.after.random)
        if self.after.look is Look.BEGINS:
            return coarse and min(self.before.bytes, self.after.bytes) >= _ENOUGH_BYTES
        return coarse or _rose(self.before.random_finely, self.after.random_finely)

    @property
    def turned_odd(self) -> bool:
        """Return whether it is no longer what its name promises."""
        return self.before is not None and self.after.odd and self.before.plain and not self.before.odd


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What a backup of a part stored: all files and bytes it holds, bytes that were new, and those packed."""

    files: int
    bytes: int
    added: int
    packed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Two backups of a part compared: files, and the bytes of data only the later or only the earlier one has."""

    changed: int
    added: int
    removed: int
    added_bytes: int
    removed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One backup of a part beside the last one that counts. `stream` for the output of a command."""

    part: str
    stream: bool
    before: Grown
    after: Grown
    touched: Touched
    samples: tuple[Sample, ...] = ()

    @property
    def share(self) -> float:
        """Return the share of the earlier backup that is not there any more, by files or by data."""
        files = (self.touched.changed + self.touched.removed) / max(self.before.files, 1)
        data = self.touched.removed_bytes / max(self.before.bytes, 1)
        return min(max(0.0 if self.stream else files, data), 1.0)

    @property
    def left(self) -> float:
        """Return the share that is left of the earlier backup, by files or by bytes, whichever is less."""
        return min(self.after.files / max(self.before.files, 1), self.after.bytes / max(self.before.bytes, 1))

    @property
    def turned_random(self) -> int:
        """Return how many samples turned random."""
        return sum(each.turned_random for each in self.samples)

    @property
    def turned_odd(self) -> int:
        """Return how many samples are no longer what their names promise."""
        return sum(each.turned_odd for each in self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is kept of an earlier run's part: the newest `HISTORY` of those that count, oldest first."""

    share: float
    added: int
    packed: int
    turned_random: int = 0
    turned_odd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A sign with its numbers."""

    part: str
    sign: Sign
    why: Message = field(compare=False)


def raised(now: Measured, history: Sequence[Past]) -> tuple[Raised, ...]:
    """Return the signs of one part; two or more hold its run."""
    recent = history[-HISTORY:]
    found = {
        Sign.CHANGED_SHARE: _changed_share(now, recent),
        Sign.PACKED_RATIO: _packed_ratio(now, recent),
        Sign.REPLACED: _replaced(now),
        Sign.ENTROPY: _entropy(now, recent),
        Sign.CONTENT: _content(now, recent),
        Sign.SHRUNK: _shrunk(now),
    }
    return tuple(Raised(part=now.part, sign=sign, why=why) for sign, why in found.items() if why)


def holds(found: Iterable[Raised]) -> bool:
    """Return whether any part has signs enough that its run is held; that most of it is gone is enough alone."""
    counts = Counter(each.part for each in found)
    return any(each.sign is Sign.SHRUNK or counts[each.part] >= _SIGNS for each in found)


def past_of(now: Measured) -> Past:
    """Return what is kept of it as history."""
    return Past(
        share=now.share,
        added=now.after.added,
        packed=now.after.packed,
        turned_random=now.turned_random,
        turned_odd=now.turned_odd,
    )


def ratio_of(added: int, packed: int) -> float:
    """Return stored by new bytes; 0 when nothing was new."""
    return packed / added if added else 0.0


def _changed_share(now: Measured, history: Sequence[Past]) -> Message | None:
    usual = sorted(each.share for each in history)
    high = usual[int(len(usual) * 0.9)] if usual else 0.0
    if now.share < max(_CHANGED_SHARE, min(_BEYOND_HISTORY * high, _NEARLY_ALL)):
        return None
    return message(
        "{share} % of it was rewritten or removed; {usual} % is usual", share=_per(now.share), usual=_per(high)
    )


def _packed_ratio(now: Measured, history: Sequence[Past]) -> Message | None:
    """Return the sign for data that packs worse than this part's ever did, unless sampled formats explain it."""
    telling = [each for each in history if each.added >= _LEAST_ADDED_BYTES]
    if not telling or now.after.added < _LEAST_ADDED_BYTES:
        return None
    usual = ratio_of(sum(each.added for each in telling), sum(each.packed for each in telling))
    highest = max(ratio_of(each.added, each.packed) for each in telling)
    ratio = ratio_of(now.after.added, now.after.packed)
    if ratio < (_STREAM_JUMP * highest if now.stream else max(usual + _RATIO_JUMP, _INCOMPRESSIBLE)):
        return None
    if not now.stream and _explained(now.samples):
        return None
    return message("new data packs to {ratio} %; {usual} % is usual", ratio=_per(ratio), usual=_per(usual))


def _replaced(now: Measured) -> Message | None:
    touched = now.touched
    apart = abs(touched.added - touched.removed)
    if touched.removed < _REPLACED_FILES or apart > _EQUAL_WITHIN * max(touched.added, touched.removed):
        return None
    if touched.added_bytes < _NEW_DATA_SHARE * touched.removed_bytes or touched.added_bytes < _LEAST_ADDED_BYTES:
        return None
    added = [each for each in now.samples if each.added]
    if added and sum(each.after.odd for each in added) * 2 <= len(added):
        return None
    return message("{removed} files went and {added} came in their place", removed=touched.removed, added=touched.added)


def _entropy(now: Measured, history: Sequence[Past]) -> Message | None:
    seen = now.turned_random
    if not _enough(seen, sum(each.turned_random for each in history), now):
        return None
    return message("{count} of {samples} sampled files became random bytes", count=seen, samples=len(now.samples))


def _content(now: Measured, history: Sequence[Past]) -> Message | None:
    seen = now.turned_odd
    if not _enough(seen, sum(each.turned_odd for each in history), now):
        return None
    return message(
        "{count} of {samples} sampled files no longer hold what their names promise",
        count=seen,
        samples=len(now.samples),
    )


def _shrunk(now: Measured) -> Message | None:
    if now.left > _SHRUNK or now.before.bytes < _LEAST_ADDED_BYTES:
        return None
    return message("{share} % of it is left", share=_per(now.left))


def _rose(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and after - before >= _TURNED_RANDOM


def _enough(seen: int, earlier: int, now: Measured) -> bool:
    """Return whether it is no single file's accident; a stream has no other file, a slow hand takes few a night."""
    return seen > 0 and (now.stream or seen >= _IN_ONE_RUN or seen + earlier >= _IN_HISTORY)


def _explained(samples: Sequence[Sample]) -> bool:
    named = sum(each.after.look in (Look.AS_NAMED, Look.BEGINS) for each in samples)
    odd = sum(each.turned_odd for each in samples)
    return len(samples) >= _EXPLAINED_SAMPLES and named >= _EXPLAINED_SHARE * len(samples) and odd < _IN_ONE_RUN


def _per(share: float) -> int:
    return round(share * 100)
