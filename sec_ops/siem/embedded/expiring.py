"""Letting a whole day of a dataset go, exactly as it was sealed."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from sec_ops.siem.embedded.files import EventFile, day_files, replace
from sec_ops.siem.embedded.layout import Layout
from sec_ops.siem.embedded.manifest import Manifest
from sec_ops.siem.embedded.parquet import digest_of
from sec_ops.siem.storing import DatasetDay

__all__ = ["day_digest", "remove_day"]


def day_digest(folder: Path, files: Sequence[EventFile]) -> str:
    """Return the SHA-256 over a line for each file, sorted by path: path, rows and the SHA-256 of its bytes.

    Digests are taken from the disk, not from the manifest; raises StorageError when a file can't be read.
    """
    return _digest((file, digest_of(folder / file.path)) for file in files)


def remove_day(layout: Layout, manifest: Manifest, day: DatasetDay, sha256: str) -> bool:
    """Take a day of a dataset out of the manifest if its files are those the digest was made of; else return False."""
    with manifest.reading() as connection:
        files = day_files(connection, day.dataset, day.day)
    if not files or day_digest(layout.events, files) != sha256:
        return False
    with manifest.writing() as connection:
        return day_files(connection, day.dataset, day.day) == files and replace(connection, files, ())


def _digest(lines: Iterable[tuple[EventFile, str]]) -> str:
    text = "".join(
        f"{file.path} {file.rows} {sha256}\n" for file, sha256 in sorted(lines, key=lambda each: each[0].path)
    )
    return hashlib.sha256(text.encode()).hexdigest()
