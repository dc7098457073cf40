"""Imports into a folder with a store in memory, and archives of all kinds to import."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import zstandard

from sec_ops.runtime.archives.finding import find
from sec_ops.siem.importing.importer import Imported, Importer, ImportOptions
from sec_ops.siem.importing.intake import Intake
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.records import Origin
from sec_ops.siem.storing import EventStore
from tests.unit.siem.index.support import JoiningSession, MemoryStore
from tests.unit.siem.raw.support import SetClock


def no_worker(chunk: bytes) -> bytes | None:
    """A worker that dies of everything."""
    return None


def import_paths(
    folder: Path, *paths: Path, store: MemoryStore | None = None, ask: Any = no_worker, **options: Any
) -> tuple[Imported, MemoryStore]:
    """Import paths into `folder`; return what became of them and the store."""
    store = store or MemoryStore()
    with (
        RawLog.open(folder, clock=SetClock()) as log,
        Intake(folder, log, store=cast("EventStore", store), understand=joining, clock=SetClock()) as intake,
    ):
        importer = Importer(intake, options=ImportOptions(**options), ask=ask, progress=lambda name, count: None)
        for found in find(paths):
            importer.take(found)
    return importer.imported, store


def joining(origin: Origin, pending: bytes = b"") -> JoiningSession:
    """A session that decodes as the origin says."""
    return _Decoding(origin, pending) if origin.encoding.startswith("utf-16") else JoiningSession(origin, pending)


class _Decoding(JoiningSession):
    def feed(self, place: Any, batch: Any) -> Any:
        from dataclasses import replace

        plain = tuple(record.decode(self._origin.encoding, "backslashreplace").encode() for record in batch.records)
        return super().feed(place, replace(batch, records=plain))


def reasons(imported: Imported) -> dict[str, str]:
    """Return what was left out: the last part of its name, and why."""
    return {each.name.rsplit("/", 1)[-1]: str(each.reason) for each in imported.unread}


def compressed(kind: str, data: bytes) -> bytes:
    """Return data compressed."""
    match kind:
        case "gz":
            return gzip.compress(data)
        case "xz":
            return lzma.compress(data)
        case "bz2":
            return bz2.compress(data)
        case _:
            return zstandard.ZstdCompressor().compress(data)


def tarred(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive of regular files."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=form) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), 1_700_000_000
            archive.addfile(member, io.BytesIO(data))
    return output.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), data, compress_type=method)
    return output.getvalue()


def sorted_messages(store: MemoryStore) -> Sequence[str]:
    """Return the messages, sorted."""
    return sorted(store.messages)
