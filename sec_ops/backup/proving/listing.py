"""The listing of a snapshot: what restic says it holds, each file with the digest that is proved to be of it.

A digest is taken when size, mtime, ctime and inode in the snapshot are those the file had before and after it was
hashed, and the file had rested when the backup began: then what restic read and what was hashed is the same.
Each line is JSON: `[path, type, size, digest, mode, uid, gid]`, mode as chmod(2) has it; earlier lines end with the
digest. A path that is no UTF-8 is its base64 in a list. The digest is of a file's content or of where a link leads,
`"changed"` for a file that changed meanwhile, `"unread"` for one that could not be hashed, null for all else.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from sec_ops.backup.proving.digests import Digests, Hashed
from sec_ops.backup.proving.links import AskLinks
from sec_ops.backup.proving.manifest import SHOWN_PATHS, Listing
from sec_ops.backup.restic.events import Node

__all__ = ["CHANGED", "UNREAD", "Lister", "nanoseconds", "written"]

CHANGED, UNREAD = "changed", "unread"
_FILE, _LINK = "file", "symlink"
_LINKS_AT_ONCE = 250


@dataclass(slots=True)
class Lister:
    """Writes the listing while restic tells it. `rested_ns` is since when a file must not have changed.

    Links come in batches, as it must be asked where they lead, the last at the end.
    """

    digests: Digests
    stream: IO[bytes]
    rested_ns: int
    ask_links: AskLinks
    changed: list[str] = field(default_factory=list)
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _waiting: list[Node] = field(default_factory=list)
    _lines: int = 0
    _files: int = 0
    _bytes: int = 0
    _changed: int = 0
    _unread: int = 0

    def __call__(self, node: Node) -> None:
        """Take an entry of the snapshot."""
        if node.type == _LINK:
            self._waiting.append(node)
            if len(self._waiting) >= _LINKS_AT_ONCE:
                self._links()
        elif node.type == _FILE:
            found = self._found(node)
            self._write(node, node.size, self._proved(node, found), (found and found.path) or "")
        else:
            self._write(node, 0, None)

    def end(self) -> None:
        """Write what waits."""
        self._links()

    def listing(self) -> Listing:
        """Return what was written."""
        return Listing(
            lines=self._lines,
            sha256=self._digest.hexdigest(),
            files=self._files,
            bytes=self._bytes,
            changed=self._changed,
            unread=self._unread,
        )

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
        path = spelled or json.dumps(node.path)
        meta = f"{node.rights},{node.user},{node.group}"
        data = f'[{path},"{node.type}",{size},{json.dumps(digest)},{meta}]\n'.encode()
        self.stream.write(data)
        self._digest.update(data)
        self._lines += 1

    def _found(self, node: Node) -> Hashed | None:
        """Return the file as it was hashed; of several that are shown alike, the one with the node's inode."""
        found = self.digests.found(node.path)
        if len(found) > 1:
            found = [each for each in found if each.identity[1] == node.inode]
        return found[0] if len(found) == 1 else None

    def _proved(self, node: Node, found: Hashed | None) -> str:
        self._files += 1
        self._bytes += node.size
        changed_ns = nanoseconds(node.changed)
        if changed_ns >= self.rested_ns or (found and found.sha256 == CHANGED):
            return self._counted_changed(node)
        if found is None or not found.whole:
            self._unread += 1
            return UNREAD
        _device, inode, *rest = found.identity
        if node.inode in (0, inode) and rest == [node.size, nanoseconds(node.modified), changed_ns]:
            return found.sha256
        return self._counted_changed(node)

    def _counted_changed(self, node: Node) -> str:
        self._changed += 1
        if len(self.changed) < SHOWN_PATHS:
            self.changed.append(node.path)
        return CHANGED


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


def written(
    path: Path, tell: Callable[[Lister], None], digests: Digests, rested_ns: int, ask_links: AskLinks
) -> Lister:
    """Write a listing to a file, in place only once it is whole."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as stream:
        lister = Lister(digests, stream, rested_ns, ask_links)
        tell(lister)
        lister.end()
    draft.replace(path)
    return lister
