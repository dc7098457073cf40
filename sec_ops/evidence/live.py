"""The live log behind the verifier's eyes: the same checks as for a bundle, on the files of the site."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sec_ops.evidence.blobs import open_blob
from sec_ops.evidence.checkpoints import checkpoint_sizes, note_path
from sec_ops.evidence.files import DiskFiles, Files, told_as_storage_error
from sec_ops.evidence.keys import load_ring
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.reading import read_lines
from sec_ops.evidence.tree import ALGORITHMS
from sec_ops.evidence.verify import Verifier
from sec_ops.model.errors import SecOpsError

__all__ = ["verify_live"]

_BLOB = re.compile(rb'"blob":\{"mime":".*?","sha256":"([0-9a-f]{64})"')


def verify_live(
    folder: Path, trust: tuple[str, ...], *, all_signatures: str = "", files: Files | None = None
) -> Verifier:
    """Return the checked log of a site; raises EvidenceBroken when it has no readable key ring.

    Blobs are decrypted and compared with their entries; one that an entry names and that is not there is a fault.
    """
    with told_as_storage_error(folder):
        source = _LiveLog(Layout(folder), files or DiskFiles())
    verifier = Verifier(lambda: source, trust, all_signatures)
    for digest in sorted(set(verifier.blobs) - {name.removeprefix("blobs/") for name in source.files}):
        verifier.fault(f"blobs/{digest}", "blob")
    if source.has_torn_tail():
        verifier.fault("log", "line")
    return verifier


class _LiveLog:
    """What the verifier reads of a bundle, made from the site's files as it asks."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._layout = layout
        self._files = files
        ring = load_ring(layout, files)
        self.manifest: Mapping[str, Any] = {
            "format": "evlog-bundle/1",
            "origin": ring.origin,
            "first": 0,
            "end": 0,
            "consistency": {name: [] for name in ALGORITHMS},
            "salts": _Salts(layout, files),
        }
        notes = [
            f"checkpoints/{size:012d}/{algorithm}.note"
            for size in checkpoint_sizes(layout, files)
            for algorithm in ALGORITHMS
            if files.size(note_path(layout, size, algorithm))
        ]
        self.files = dict.fromkeys(notes, (0, 0))
        self._stored = set(_stored_blobs(layout, files))

    def lines(self) -> Iterator[bytes]:
        """Return the lines of the log, without line ends; a blob counts once an entry names it.

        A blob that no entry names was left by a crash before its entry was written.
        """
        for line in read_lines(self._layout, self._files):
            named = _BLOB.search(line)
            if named and named[1].decode() in self._stored:
                self.files[f"blobs/{named[1].decode()}"] = (0, 0)
            yield line

    def read(self, name: str) -> bytes:
        """Return what a bundle would hold under a name."""
        if name == "keyring.json":
            return self._files.read(self._layout.key_ring)
        if name.startswith("blobs/"):
            return _opened(self._layout, self._files, name.removeprefix("blobs/"))[1]
        return self._files.read(self._layout.root / name)

    def has_torn_tail(self) -> bool:
        """Return whether bytes without a line end stand behind the last line."""
        names = self._files.names(self._layout.log)
        return bool(names) and not self._files.read(self._layout.log / names[-1]).endswith(b"\n")


class _Salts:
    """Salts by digest, read when asked for."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._layout = layout
        self._files = files

    def get(self, digest: str, _default: str) -> str:
        return _opened(self._layout, self._files, digest)[0].hex()


def _opened(layout: Layout, files: Files, digest: str) -> tuple[bytes, bytes]:
    """Return salt and plain bytes; of a blob that does not open, nothing, which no digest matches."""
    try:
        opened = open_blob(layout, files, digest)
    except SecOpsError:
        return b"", b""
    return opened.salt, opened.plain


def _stored_blobs(layout: Layout, files: Files) -> list[str]:
    root = layout.root / "blobs"
    return [
        digest
        for outer in files.names(root)
        for inner in files.names(root / outer)
        for digest in files.names(root / outer / inner)
        if not digest.startswith(".")
    ]
