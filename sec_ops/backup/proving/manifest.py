"""The manifest of a run as a document: `sec-ops/backup-manifest/1`.

Its file is JSON lines: first the signed head (a DSSE envelope around `Manifest`), then for each part its listing. The
head holds each listing's digest, so that the file is checked while it streams, a million files in bounded memory.
"""

from typing import ClassVar

from pydantic import Field, StrictInt

from sec_ops.model.values import Value

__all__ = ["PAYLOAD_TYPE", "SHOWN_PATHS", "Listing", "Manifest", "ManifestPart", "ManifestSource", "Stream", "Table"]

PAYLOAD_TYPE = "application/vnd.sec-ops.backup-manifest+json"
SHOWN_PATHS = 1000
"""Paths named in the head at most; all of them stand in the listing."""


class Table(Value):
    """A table of a database as it stands in the backup; the checksum doesn't depend on the order of rows."""

    name: str
    rows: StrictInt
    checksum: str = ""


class Stream(Value):
    """A dump as it went into the snapshot."""

    filename: str
    bytes: StrictInt
    sha256: str


class Listing(Value):
    """The lines of a part's files. `changed` had no digest to give: they changed while they were saved."""

    lines: StrictInt = 0
    sha256: str = Field(default="", description="of the lines with their ends")
    files: StrictInt = 0
    bytes: StrictInt = 0
    changed: StrictInt = 0
    unread: StrictInt = Field(default=0, description="files that could not be hashed")


class ManifestPart(Value):
    """A snapshot of a run. The listing is there for files, `filename` for a stream."""

    part: str
    snapshot: str
    host: str
    verdict: str
    paths: tuple[str, ...] = ()
    filename: str = ""
    listing: Listing | None = None
    changed_during_backup: tuple[str, ...] = Field(default=(), description="the first thousand")
    altered_in_silence: tuple[str, ...] = Field(
        default=(), description="other content under the same size and times as when they were hashed last"
    )
    reused: StrictInt = Field(default=0, description="digests taken over, as nothing of the file had changed")


class ManifestSource(Value):
    """A source of the plan with its own moments (RFC 3339, UTC) and what its data said of itself."""

    source: str
    kind: str
    taken_at: str = ""
    heartbeat: str = ""
    tables: tuple[Table, ...] = ()
    streams: tuple[Stream, ...] = ()
    disturbed: tuple[str, ...] = ()
    details: dict[str, str] = Field(default_factory=dict)
    parts: tuple[ManifestPart, ...] = ()


class Manifest(Value):
    """What a run saved of a system."""

    document: ClassVar[str] = "sec-ops/backup-manifest/1"
    schema_: str = Field(default=document, alias="schema")
    system: str
    run: str
    repository: str
    made_at: str
    tool: str
    verdict: str
    sources: tuple[ManifestSource, ...]

    def part_of(self, snapshot: str) -> tuple[ManifestSource, ManifestPart] | None:
        """Return the source and part a snapshot is of; ids may be shortened."""
        for source in self.sources:
            for part in source.parts:
                if snapshot and part.snapshot.startswith(snapshot):
                    return source, part
        return None
