"""Reading a manifest back: fetched from the repository, its signatures checked, its listings checked as they stream."""

import base64
import hashlib
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sec_ops.backup.naming import MANIFEST_FILE
from sec_ops.backup.proving.listing import CHANGED, UNREAD
from sec_ops.backup.proving.manifest import PAYLOAD_TYPE, Manifest, ManifestPart, ManifestSource
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.verdict import Judged
from sec_ops.evidence.statements import read_statement
from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder, storage_error

__all__ = ["ManifestFile", "Row", "as_shown", "fetched_manifest", "opened_manifest"]

_LINE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of a listing. `shown` is the path as restic shows it, `path` its bytes where they are known to differ.

    `sha256` is of a file's content or of where a link leads, empty for all else, and for a file that has no proof: then
    `proof` says why. `mode`, `user` and `group` are -1 in a manifest that has none.
    """

    shown: str
    path: bytes
    type: str
    size: int
    sha256: str = ""
    proof: str = ""
    mode: int = -1
    user: int = -1
    group: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """A manifest whose signatures hold; `trusted` are those of its keys that are believed, none of a stranger's."""

    path: Path
    manifest: Manifest
    head_bytes: int
    trusted: tuple[str, ...]
    origin: str

    def rows(self, source: ManifestSource, part: ManifestPart) -> Iterator[Row]:
        """Return the listing of a part; raises EvidenceBroken, at its end at last, when it is not as it was signed."""
        if part.listing is None:
            return
        digest = hashlib.sha256()
        lines = 0
        for line in self._section(source.source, part.part):
            digest.update(line)
            lines += 1
            yield _row(line)
        if (lines, digest.hexdigest()) != (part.listing.lines, part.listing.sha256):
            name = f"{source.source}/{part.part}"
            raise EvidenceBroken(message("the manifest's listing of {name} is not what was signed", name=name))

    def _section(self, source: str, part: str) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.head_bytes)
                inside = False
                for line in stream:
                    if line.startswith(b"{"):
                        inside = _section_of(line) == (source, part)
                    elif inside:
                        yield line
        except OSError as error:
            raise storage_error(self.path, error) from error


@contextmanager
def fetched_manifest(
    restic: Restic, snapshot: str, trust: Collection[str], *, folder: Path
) -> Iterator[ManifestFile | Judged]:
    """Give the manifest in a snapshot for as long as the context lasts, or why it could not be fetched.

    Raises EvidenceBroken for one that is not what was signed, StorageError.
    """
    path = make_folder(folder) / f".{snapshot[:16]}.{MANIFEST_FILE}"
    try:
        try:
            with path.open("wb") as stream:
                os.fchmod(stream.fileno(), 0o600)
                judged = restic.dump(snapshot, f"/{MANIFEST_FILE}", on_bytes=stream.write).judged
        except OSError as error:
            raise storage_error(path, error) from error
        yield opened_manifest(path, trust) if judged.good else judged
    finally:
        path.unlink(missing_ok=True)


def opened_manifest(path: Path, trust: Collection[str]) -> ManifestFile:
    """Return the manifest of a file; raises EvidenceBroken when its head is not what was signed, StorageError."""
    try:
        with path.open("rb") as stream:
            head = stream.readline(_LINE_BYTES)
    except OSError as error:
        raise storage_error(path, error) from error
    statement = read_statement(head, trust)
    try:
        if statement.type != PAYLOAD_TYPE:
            raise ValueError(statement.type)
        manifest = Manifest.model_validate_json(statement.payload)
    except (ValidationError, ValueError) as error:
        raise EvidenceBroken(message("not a manifest of a backup: {reason}", reason=error)) from error
    return ManifestFile(
        path=path, manifest=manifest, head_bytes=len(head), trusted=statement.trusted, origin=statement.origin
    )


def _section_of(line: bytes) -> tuple[str, str]:
    try:
        document = json.loads(line)
        return document["source"], document["part"]
    except (ValueError, KeyError, TypeError):
        return "", ""


def _row(line: bytes) -> Row:
    try:
        path, kind, size, digest, *meta = json.loads(line)
        raw = base64.b64decode(path[0]) if isinstance(path, list) else os.fsencode(path)
        shown = as_shown(raw)
        proof = digest if digest in (CHANGED, UNREAD) else ""
        return Row(shown, raw, str(kind), int(size), "" if proof else digest or "", proof, *map(int, meta))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise EvidenceBroken(message("not a line of a manifest: {reason}", reason=error)) from error


def as_shown(path: bytes) -> str:
    """Return a path as restic shows it: a U+FFFD for each byte that is no UTF-8."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        text = path.decode(errors="surrogateescape")
        return "".join("\N{REPLACEMENT CHARACTER}" if "\udc80" <= each <= "\udcff" else each for each in text)
