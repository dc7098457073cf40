"""The listing of a snapshot: what restic says it holds, each file with the digest that is proved to be of it.

A digest is taken when size, mtime, ctime and inode in the snapshot are those the file had before and after it was
hashed, and the file had rested when the backup began: then what restic read and what was hashed is the same.
Each line is JSON: `[path, type, size, digest, mode, uid, gid]`, mode as chmod(2) has it; earlier lines end with the
digest. A path that is no UTF-8 is its base64 in a list. The digest is of a file's content or of where a link leads,
`"changed"` for a file that changed meanwhile, `"unread"` for one that could not be hashed, null for all else.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO

import orjson

from sec_ops.backup.proving.digests import Digests, Entry, Hashed
from sec_ops.backup.proving.links import AskLinks
from sec_ops.backup.proving.manifest import SHOWN_PATHS, Listing
from sec_ops.backup.proving.stillness import Stillness
from sec_ops.backup.restic.events import Node

__all__ = ["CHANGED", "UNREAD", "Lines", "Lister", "draft", "nanoseconds", "still"]

CHANGED, UNREAD = "changed", "unread"
_FILE, _LINK = "file", "symlink"
_LINKS_AT_ONCE = 250
_COUNTED = ("lines", "files", "bytes", "changed", "unread")


@dataclass(slots=True)
class Lines:
    """The lines of a listing on their way into a file, which is kept when they are `whole`.

    `changed` and `unproved`, those without a digest, are the first thousand paths.
    """

    stream: IO[bytes]
    whole: bool = False
    changed: list[str] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))

    def begin_anew(self) -> None:
        """Forget what was written."""
        self.stream.seek(0)
        self.stream.truncate()
        self.changed, self.unproved = [], []
        self._digest, self._counts = hashlib.sha256(), dict.fromkeys(_COUNTED, 0)

    def put(self, path: str, entry: Entry, size: int, spelled: str = "") -> None:
        """Write a line; the path is as restic shows it, `spelled` its spelling in JSON where that is another."""
        told = orjson.Fragment(spelled) if spelled else path
        line = [told, entry.type, size, entry.sha256, *entry.rights]
        data = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        self.stream.write(data)
        self._digest.update(data)
        self._counts["lines"] += 1
        if entry.type == _FILE:
            self._counts["files"] += 1
            self._counts["bytes"] += size

    def unproven(self, path: str, why: str) -> str:
        """Count a file without a digest and return what stands in its place."""
        self._counts[why] += 1
        for paths in (self.unproved, *((self.changed,) if why == CHANGED else ())):
            if len(paths) < SHOWN_PATHS:
                paths.append(path)
        return why

    def listing(self) -> Listing:
        """Return what was written."""
        return Listing(sha256=self._digest.hexdigest(), **self._counts)


@dataclass(slots=True)
class Lister:
    """Writes the listing while restic tells it. `rested_ns` is since when a file must not have changed.

    Links come in batches, as it must be asked where they lead, the last at the end.
    """

    digests: Digests
    lines: Lines
    rested_ns: int
    ask_links: AskLinks
    _waiting: list[Node] = field(default_factory=list)

    def __call__(self, node: Node) -> None:
        """Take an entry of the snapshot."""
        if node.type == _LINK:
            self._waiting.append(node)
            if len(self._waiting) >= _LINKS_AT_ONCE:
                self._links()
        elif node.type == _FILE:
            found = self._found(node)
            self._write(node, node.size, self._proved(node, found), found.path if found else "")
        else:
            self._write(node, 0, None)

    def end(self) -> None:
        """Write what waits."""
        self._links()

    def _links(self) -> None:
        """Write the links that wait; one that changed meanwhile has no digest."""
        nodes, self._waiting = self._waiting, []
        for node, found in zip(nodes, self.ask_links([each.path for each in nodes]) if nodes else (), strict=True):
            same = [each for each in found if node.inode in (0, each.identity[1])]
            link = same[0] if len(same) == 1 else None
            changed_ns = nanoseconds(node.changed)
            rested = changed_ns < self.rested_ns and link is not None and link.identity[4] == changed_ns
            digest = link.sha256 if link and link.whole and rested else None
            self._write(node, 0, digest, link.path if link else "")

    def _write(self, node: Node, size: int, digest: str | None, spelled: str = "") -> None:
        entry = Entry(node.path, node.type, digest, (node.rights, node.user, node.group))
        self.lines.put(node.path, entry, size, spelled)

    def _found(self, node: Node) -> Hashed | None:
        """Return the file as it was hashed; of several that are shown alike, the one with the node's inode."""
        found = self.digests.found(node.path)
        if len(found) > 1:
            found = [each for each in found if each.identity[1] == node.inode]
        return found[0] if len(found) == 1 else None

    def _proved(self, node: Node, found: Hashed | None) -> str:
        changed_ns = nanoseconds(node.changed)
        if changed_ns >= self.rested_ns or (found and found.sha256 == CHANGED):
            return self.lines.unproven(node.path, CHANGED)
        if found is None or not found.whole:
            return self.lines.unproven(node.path, UNREAD)
        _device, inode, *rest = found.identity
        if node.inode in (0, inode) and rest == [node.size, nanoseconds(node.modified), changed_ns]:
            return found.sha256
        return self.lines.unproven(node.path, CHANGED)


def nanoseconds(text: str) -> int:
    """Return a time as restic tells it (RFC 3339, any zone) in nanoseconds since 1970; 0 for what is none."""
    head, dot, tail = text.partition(".")
    try:
        if not dot:
            return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000
        digits = len(tail.rstrip("Z")) if tail.endswith("Z") else max(tail.find("+"), tail.find("-"))
        fraction, zone = tail[:digits], tail[digits:]
        return int(datetime.fromisoformat(head + zone).timestamp()) * 1_000_000_000 + int(fraction.ljust(9, "0"))
    except ValueError:
        return 0


def still(
    lines: Lines, digests: Digests, told: Iterable[str], stillness: Stillness, *, rested_ns: int, files: int, size: int
) -> bool:
    """Write the listing by what restic told while it saved; return whether it is true of the snapshot.

    It is when nothing moved below the roots, each file has a digest, and files and bytes are as many as restic counted:
    then there is nothing that restic could list otherwise. What was written is worth nothing if it is not.
    """
    if not stillness.whole or stillness.newest_ns >= rested_ns:
        return False
    files_told = (Entry(each, _FILE) for each in told if not each.endswith("/"))
    for entry, found in digests.among(chain(files_told, stillness.entries)):
        if entry.type != _FILE:
            lines.put(entry.path.rstrip("/"), entry, 0)
        elif found is None or found.path or not found.whole or found.identity[4] >= rested_ns:
            return False
        else:
            lines.put(entry.path, replace(entry, sha256=found.sha256, rights=found.rights), found.identity[2])
    listing = lines.listing()
    return (listing.files, listing.bytes) == (files, size)


@contextmanager
def draft(path: Path) -> Iterator[Lines]:
    """Write a listing to a file; the one that is there gives way only to one that is whole."""
    written = path.with_name(f".{path.name}.new")
    with written.open("wb") as stream:
        lines = Lines(stream)
        yield lines
    if lines.whole:
        written.replace(path)
