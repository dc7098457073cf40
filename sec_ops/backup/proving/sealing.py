"""Sealing: the manifest put together, signed, and saved beside the snapshots it is of."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import copyfileobj
from typing import Protocol

from sec_ops import __version__
from sec_ops.backup.naming import MANIFEST_FILE
from sec_ops.backup.proving.manifest import PAYLOAD_TYPE, Manifest, ManifestSource, Stream, Table
from sec_ops.backup.proving.saving import Proved
from sec_ops.backup.proving.waiting import Waiting
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest
from sec_ops.backup.restic.requests import Stream as Piped
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.source import Facts
from sec_ops.backup.verdict import Verdict
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import make_folder, storage_error

__all__ = ["ProvedSource", "SealedManifest", "Sealing", "Signs", "manifest_of", "sealed_manifest"]


class Signs(Protocol):
    """The evidence log as far as it signs."""

    def sign(self, type_: str, payload: bytes) -> bytes:
        """Return a signed envelope, one line of JSON."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedSource:
    """A source whose parts were saved, with its facts; without facts it could not say what it holds."""

    source: SourceSettings
    facts: Facts | None
    parts: Sequence[Proved]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """A run to be sealed: `verdict` is what it came to, `host` and `tags` those of the manifest's snapshot.

    `folder` holds the manifest's file until it is saved.
    """

    system: str
    run: str
    verdict: Verdict
    host: str
    tags: Sequence[str]
    made_at: datetime
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedManifest:
    """The manifest, its signed head for the evidence, and the backup that saved its file."""

    manifest: Manifest
    head: bytes
    result: BackupResult


def sealed_manifest(
    sealing: Sealing,
    sources: Sequence[ProvedSource],
    *,
    restic: Restic,
    signs: Signs,
    waiting: Waiting | None = None,
) -> SealedManifest:
    """Put the manifest together, sign it and save it, by a backup that waits for it if there is one.

    It counts when `result` is good.

    Raises EngineError when a signer fails or a stream is not in its snapshot as it went by, StorageError.
    """
    manifest = manifest_of(sealing, sources, restic.repository.id)
    head = signs.sign(PAYLOAD_TYPE, canonical_json(manifest.model_dump(mode="json", by_alias=True)))
    with _file(sealing, sources, head) as path:
        stream = Piped(command=("cat", str(path)), filename=MANIFEST_FILE)
        result = waiting.fill(sealing.tags, path) if waiting else None
        if result is None:
            result = restic.backup(BackupRequest(host=sealing.host, tags=sealing.tags, stream=stream))
    return SealedManifest(manifest=manifest, head=head, result=result)


def manifest_of(sealing: Sealing, sources: Sequence[ProvedSource], repository: str) -> Manifest:
    """Return the manifest of what was saved; raises EngineError for a stream whose snapshot holds other bytes."""
    return Manifest(
        schema=Manifest.document,
        system=sealing.system,
        run=sealing.run,
        repository=repository,
        made_at=utc_text(sealing.made_at),
        tool=f"sec-ops {__version__}",
        verdict=sealing.verdict.value,
        sources=tuple(_source(each) for each in sources),
    )


def _source(proved: ProvedSource) -> ManifestSource:
    facts = proved.facts or Facts()
    streams = {each.filename: each for each in facts.dumped}
    for each in proved.parts:
        dumped = streams.get(each.part.filename) if each.part and each.part.filename else None
        if dumped and each.result.summary and each.result.summary.total_bytes != dumped.bytes:
            what = message("{name}: the snapshot holds other bytes than the dump gave", name=dumped.filename)
            raise EngineError(what, advice=message("run it again; the snapshot of this call does not count"))
    return ManifestSource(
        source=proved.source.id,
        kind=proved.source.kind,
        taken_at=utc_text(facts.taken_at) if facts.taken_at else "",
        heartbeat=utc_text(facts.heartbeat) if facts.heartbeat else "",
        tables=tuple(Table(name=each.name, rows=each.rows, checksum=each.checksum) for each in facts.tables),
        streams=tuple(Stream(filename=each.filename, bytes=each.bytes, sha256=each.sha256) for each in facts.dumped),
        disturbed=tuple(facts.disturbed),
        details=dict(facts.details),
        parts=tuple(each.part for each in proved.parts if each.part),
    )


@contextmanager
def _file(sealing: Sealing, sources: Sequence[ProvedSource], head: bytes) -> Iterator[Path]:
    """Write the manifest's file for as long as it takes to save it."""
    path = make_folder(sealing.folder) / f"{sealing.run}.{MANIFEST_FILE}"
    try:
        with path.open("wb") as stream:
            stream.write(head + b"\n")
            for source in sources:
                for each in source.parts:
                    if each.part and each.lines:
                        section = {"source": source.source.id, "part": each.part.part, "snapshot": each.part.snapshot}
                        stream.write(json.dumps(section).encode() + b"\n")
                        with each.lines.open("rb") as lines:
                            copyfileobj(lines, stream, 1024 * 1024)
        yield path
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        path.unlink(missing_ok=True)
