"""Putting a release into the site: written beside the one in force, then the manifest replaced at once."""

import hashlib
import os
import shutil
from pathlib import Path

from sec_ops.detection.library.files import IMPORTED
from sec_ops.detection.library.releases import MANIFEST, Release, digest_of
from sec_ops.detection.library.unpacking import Unpacked
from sec_ops.model.canonical import canonical_json
from sec_ops.model.protocols import Clock, Randomness
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import make_folder, storage_error, write_atomically
from sec_ops.runtime.locks import waited

__all__ = ["place", "release_of"]


def release_of(
    name: str, path: Path, contents: Unpacked, *, clock: Clock, randomness: Randomness, account: str
) -> Release:
    """Return what the manifest of a release says, `account` being who imports it."""
    files = {each: hashlib.sha256(data).hexdigest() for each, data in contents.files.items()}
    digest = digest_of(files)
    return Release(
        name=name,
        sha256=digest,
        source=path.resolve().name or str(path),
        source_sha256=contents.sha256,
        imported_at=utc_text(clock.now()),
        imported_by=account,
        folder=f"{digest[:12]}-{randomness(4).hex()}",
        files=dict(sorted(files.items())),
    )


def place(root: Path, release: Release, contents: Unpacked) -> None:
    """Make a release the one in force under its name; raises StorageError, then the one before is still in force."""
    home = make_folder(root / IMPORTED / release.name)
    with waited(home / ".lock"):
        try:
            _write(home / release.folder, contents)
            os.sync()
            write_atomically(home / MANIFEST, canonical_json(release.model_dump()) + b"\n")
            _sweep(home, release.folder)
        except OSError as error:
            raise storage_error(Path(error.filename or home), error) from error


def _write(folder: Path, contents: Unpacked) -> None:
    for name, data in contents.files.items():
        path = folder / name
        make_folder(path.parent)
        # The folder is new and its name random: nobody can have put a link there.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)


def _sweep(home: Path, kept: str) -> None:
    """Take away the folders of releases before, and what crashes left behind."""
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name != kept:
            shutil.rmtree(path)
