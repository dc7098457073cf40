"""Sends as one tar what of a site folder is being written to: its SQLite databases and its evidence log.

Each database is copied by SQLite's online backup API. Of the evidence all but the blobs is sent as it stood while its
writer's lock was held: the log only grows, so it is read up to where it ended then. A program of its own, for restic
starts it; what was sent is told in a report.
"""

import fnmatch
import io
import json
import os
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from sec_ops.backup.dumping.sqlite_copy import copied, read
from sec_ops.model.errors import SecOpsError
from sec_ops.runtime.locks import waited
from sec_ops.runtime.site import Site

__all__ = ["BLOBS", "count", "databases", "main"]

BLOBS = ("blobs", "blob_keys")
"""What of the evidence is written once and never again, so that it is saved as files, after the log."""

_MAGIC = b"SQLite format 3\0"
_CHUNK_BYTES = 1 << 20
_ELSEWHERE = ("state", "evidence/blob*", "logs/raw", "logs/events", "logs/locks")
Tables = dict[str, tuple[int, str]]


def main(arguments: Sequence[str]) -> int:
    """Send the tar to stdout, or with `count` only tell; return 0, or 1 with the reason on stderr."""
    verb, folder, report = arguments
    try:
        tables = count(Path(folder)) if verb == "count" else _send(Site(Path(folder)))
        Path(report).write_text(json.dumps(tables))
    except SecOpsError as error:
        sys.stderr.write(f"{error.where or folder}: {error}\n")
        return 1
    except (OSError, ValueError, sqlite3.Error) as error:
        sys.stderr.write(f"{folder}: {error}\n")
        return 1
    return 0


def databases(site: Site) -> list[Path]:
    """Return the SQLite databases of a site, in order; raises OSError."""
    return [path for path in sorted(_files(site.var)) if path.suffix == ".db" and _is_database(path)]


def count(root: Path) -> Tables:
    """Return the rows of every table of a site's databases with their checksums, and the entries of its evidence."""
    site = Site(root)
    tables: Tables = {}
    for path in databases(site):
        tables |= _told(str(path.relative_to(root)), path)
    lines = sum(chunk.count(b"\n") for path in sorted(site.evidence.glob("log/*")) for chunk in _chunks(path))
    return tables | {_log_name(site): (lines, "")}


def _send(site: Site) -> Tables:
    tables: Tables = {}
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        sender = _Sender(archive=archive, root=site.root)
        for path in databases(site):
            with tempfile.NamedTemporaryFile(prefix="sec-ops-") as copy:
                copied(str(path), copy.name)
                tables |= _told(str(path.relative_to(site.root)), Path(copy.name))
                with Path(copy.name).open("rb") as copied_bytes:
                    sender.send(path, copied_bytes, os.fstat(copied_bytes.fileno()).st_size)
        lines = 0
        for path, stream, size in _evidence(site):
            counting = _Counting(stream)
            sender.send(path, cast("BinaryIO", counting), size)
            lines += counting.lines if path.parent.name == "log" else 0
        tables[_log_name(site)] = (lines, "")
    sys.stdout.buffer.flush()
    return tables


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sender:
    """Puts files into a stream of tar, with the rights they and their folders have."""

    archive: tarfile.TarFile
    root: Path
    folders: set[Path] = field(default_factory=set)

    def send(self, path: Path, stream: BinaryIO, size: int) -> None:
        """Send a file, after the folders above it."""
        for folder in reversed(path.relative_to(self.root).parents[:-1]):
            if folder not in self.folders:
                self.folders.add(folder)
                self._add(self.root / folder, None, 0)
        self._add(path, stream, size)

    def _add(self, path: Path, stream: BinaryIO | None, size: int) -> None:
        known = self.archive.gettarinfo(str(path), str(path.relative_to(self.root)))
        known.size = size
        self.archive.addfile(known, stream)
        # The list of members is for reading archives; of a log's thousands of checkpoints it would fill the memory.
        self.archive.members.clear()  # type: ignore[attr-defined]


class _Counting:
    """Counts the lines that are read of a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.lines = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(size)
        self.lines += data.count(b"\n")
        return data


def _evidence(site: Site) -> Iterator[tuple[Path, BinaryIO, int]]:
    """Give the files of the evidence as they stood at one moment; those of the log are read up to their end then."""
    with waited(site.evidence / "lock"):
        paths = [path for path in sorted(_files(site.evidence)) if path.is_file() and path.name != "lock"]
        ends = {path: path.stat().st_size for path in paths if path.parent.name == "log"}
        changing = {path: path.read_bytes() for path in paths if path.parent in (site.evidence, site.evidence / "keys")}
    for path in paths:
        if path in changing:
            yield path, io.BytesIO(changing[path]), len(changing[path])
        else:
            with path.open("rb") as stream:
                yield path, stream, ends.get(path, os.fstat(stream.fileno()).st_size)


def _files(folder: Path) -> Iterator[Path]:
    """Give the files below a folder of `var/`, but not what is saved as files or can be lost."""
    top = folder if folder.name == "var" else folder.parent
    for here, folders, names in os.walk(folder, onerror=_raise):
        below = [Path(here, name).relative_to(top).as_posix() for name in folders]
        folders[:] = [Path(each).name for each in below if not _is_elsewhere(each)]
        yield from (Path(here, name) for name in names if not name.startswith("."))


def _is_elsewhere(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, each) for each in _ELSEWHERE)


def _raise(error: OSError) -> None:
    raise error


def _is_database(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def _told(name: str, path: Path) -> Tables:
    return {f"{name}: {table}": tuple(told) for table, told in read(str(path))["tables"].items()}


def _log_name(site: Site) -> str:
    return str((site.evidence / "log").relative_to(site.root))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
