"""Which files of a series are new, which were read before under another name, and what there is to read. Pure."""

import fnmatch
import os
import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sec_ops.siem.collect.script import HEAD_BYTES
from sec_ops.siem.collect.series import Gap, GapKind, Known, Series, print_of

__all__ = ["Found", "Plan", "Want", "plan_series", "search_patterns", "series_name"]

_STAMP = r"[-._](?:\d{1,3}|\d{4}-?\d{2}-?\d{2}(?:[-T_.:]?\d{2,10})?|\d{10}|old)"
_PACKED = r"(?:\.(?:gz|xz|zst|bz2))"
_AFTER = re.compile(rf"(?P<base>.+?){_STAMP}{_PACKED}?", re.DOTALL)
_BEFORE = re.compile(rf"(?P<stem>.+?){_STAMP}(?P<extension>\.[A-Za-z]\w*?){_PACKED}?", re.DOTALL)
_NUMBER = re.compile(r"[-._](\d{1,3})(?=\.|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file as a host lists it: size on disk (bytes), last change (epoch seconds), first bytes of what it says.

    `stamp` is the host's finest time of any change, names and rights included. `head` is None when the host was told
    that it needs no second look.
    """

    path: bytes
    device: int
    inode: int
    size: int
    changed: int
    stamp: str
    head: bytes | None

    @property
    def file(self) -> str:
        """Return what identifies the file while it exists."""
        return f"{self.device}:{self.inode}"

    @property
    def key(self) -> str:
        """Return what changes when the file does."""
        return f"{self.file}:{self.size}:{self.stamp}"

    @property
    def packed(self) -> bool:
        """Return whether it is compressed."""
        return self.path.endswith((b".gz", b".xz", b".zst", b".bz2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A file to read on: from the beginning when nothing is `known` of it."""

    found: Found
    known: Known | None
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to read, oldest file first, and the series as it stands before that."""

    wants: tuple[Want, ...]
    series: Series


def search_patterns(path: str, rotated_to: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the patterns of a log and of what rotation makes of it, in its own folder and in `rotated_to`."""
    folder, name = posixpath.split(path)
    stem, extension = posixpath.splitext(name)
    rotated = [f"{name}[-._]*"] + ([f"{stem}[-._]*{extension}*"] if extension and stem else [])
    folders = dict.fromkeys([folder, *(posixpath.normpath(posixpath.join(folder, each)) for each in rotated_to)])
    more = tuple(f"{each}/{pattern}".replace("[-._]", "?") for each in folders for pattern in rotated)
    return (path, *dict.fromkeys(more))


def series_name(path: bytes, pattern: str, present: Collection[bytes] = ()) -> bytes | None:
    """Return the path of the log that a file belongs to, its own when it is none that was rotated; None for no log.

    `pattern` is the path of the log, `*` and `?` in its last part; `present` are the paths that are there:
    `worker-1.log` is a rotated `worker.log` only where there is one, or where that alone was asked for.
    """
    wanted = os.fsencode(pattern)
    name = posixpath.basename(path).decode("latin-1")
    for base, sure in _bases(name):
        named = posixpath.join(posixpath.dirname(wanted), base.encode("latin-1"))
        if _matches(named, wanted) and (sure or named in present or named == wanted):
            return named
    return path if _matches(path, wanted) else None


def plan_series(
    series: Series, name: bytes, found: Iterable[Found], *, now_ms: int, unseen: Collection[bytes] = ()
) -> Plan:
    """Return what there is to read of a series: `name` is its log's path, `found` its files in any order.

    While there are `unseen` files, which are there and could not be looked at, nothing counts as gone. A file is known
    again by its first bytes, whatever it is called and wherever its bytes lie by now: renamed, copied and emptied,
    compressed. What can't be accounted for is a gap.
    """
    order = sorted(found, key=lambda each: _age(each, name))
    matched, left = _match(series.files, order)
    lost = [] if unseen else [each for each in left if each.live]
    gaps = [Gap(kind=_kind_of_loss(each, order), at_ms=now_ms, since_ms=series.pulled_ms) for each in lost]
    files: list[Known] = list(left) if unseen else []
    wants: list[Want] = []
    for each in order:
        live, known = each.path == name, matched.get(each.file)
        if known is None and (not each.size or (not live and each.changed <= series.floor)):
            continue
        if known is not None:
            known, shrunk = _seen_again(known, each, live=live)
            gaps += [Gap(kind=GapKind.SHRUNK, at_ms=now_ms, since_ms=series.pulled_ms)] if shrunk else []
            files.append(known)
        if known is None or known.key != each.key:
            wants.append(Want(found=each, known=known, live=live))
    shown = os.fsdecode(name).encode("utf-8", "backslashreplace").decode()
    told = [replace(gap, path=shown) for gap in gaps]
    return Plan(wants=tuple(wants), series=replace(series, files=tuple(files)).with_gaps(told))


def _age(found: Found, name: bytes) -> tuple[bool, int, int, bytes]:
    """Sort the log itself last, the others by their last change, and those of one second by their numbers."""
    numbered = _NUMBER.search(posixpath.basename(found.path).decode("latin-1"))
    return (found.path == name, found.changed, -int(numbered[1]) if numbered else 0, found.path)


def _match(files: Sequence[Known], order: Sequence[Found]) -> tuple[dict[str, Known], list[Known]]:
    """Return which file on the host is which known one, and the known ones that are nowhere."""
    matched: dict[str, Known] = {}
    left = list(files)
    for fits in (_is_unchanged, _is_same, _is_copy, _is_packed):
        for each in order:
            known = None if each.file in matched else next((one for one in left if fits(one, each)), None)
            if known is not None:
                matched[each.file] = known
                left.remove(known)
    return matched, left


def _is_unchanged(known: Known, found: Found) -> bool:
    return known.key == found.key


def _is_same(known: Known, found: Found) -> bool:
    return known.file == found.file and _looks_like(known, found)


def _is_copy(known: Known, found: Found) -> bool:
    return not found.packed and found.size >= known.offset and _looks_like(known, found)


def _is_packed(known: Known, found: Found) -> bool:
    return found.packed and _looks_like(known, found)


def _looks_like(known: Known, found: Found) -> bool:
    return known.head.size > 0 and found.head is not None and known.head.fits(found.head)


def _seen_again(known: Known, found: Found, *, live: bool) -> tuple[Known, bool]:
    """Return what is known of a file under its present name, and whether its end was cut off since."""
    head = print_of(found.head[: min(HEAD_BYTES, known.offset)]) if found.head else known.head
    seen = replace(known, file=found.file, changed=found.changed, live=live, head=head)
    if found.packed or found.size > known.offset or known.key == found.key:
        return seen, False
    shrunk = found.size < known.offset
    if shrunk:
        seen = replace(seen, offset=found.size, tail=print_of(b""))
    return replace(seen, key=found.key), shrunk


def _kind_of_loss(known: Known, order: Sequence[Found]) -> GapKind:
    same = next((each for each in order if each.file == known.file), None)
    if same is None:
        return GapKind.GONE
    return GapKind.TRUNCATED if same.size < known.offset else GapKind.REWRITTEN


def _bases(name: str) -> Iterable[tuple[str, bool]]:
    """Yield the names a rotated file may have had: `a.log.1.gz` was `a.log` for sure, `a-20261126.log` perhaps."""
    if after := _AFTER.fullmatch(name):
        yield after["base"], True
    if before := _BEFORE.fullmatch(name):
        yield before["stem"] + before["extension"], False


def _matches(path: bytes, wanted: bytes) -> bool:
    folder, pattern = posixpath.split(wanted)
    plain = pattern.replace(b"[", b"[[]")
    return posixpath.dirname(path) == folder and fnmatch.fnmatchcase(posixpath.basename(path), plain)
