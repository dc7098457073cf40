"""The bundle's file: a zip in one fixed form (stored, no times, no extra fields), so that equal content is equal bytes.

Nothing is compressed: the verifier then needs no limits against bombs, and every byte has one allowed value.
"""

import hashlib
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.files import storage_error, sync_folder

__all__ = ["MAX_BUNDLE_BYTES", "write_archive"]

MAX_BUNDLE_BYTES = 1 << 31
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100600 << 16

Part = tuple[str, Iterable[bytes]]


def write_archive(path: Path, parts: Iterable[Part]) -> str:
    """Write the parts and put the file at its path in one step.

    Returns the SHA-256 of the file. Raises StorageError, and UsageError when it would be too large for a zip.
    """
    neighbour = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with neighbour.open("xb") as stream:
            os.fchmod(stream.fileno(), 0o600)
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
                for name, chunks in parts:
                    _add(archive, name, chunks)
            stream.flush()
            os.fsync(stream.fileno())
        digest = hashlib.sha256(neighbour.read_bytes()).hexdigest()
        neighbour.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error
    except (zipfile.LargeZipFile, RuntimeError) as error:
        what = message("the bundle would be larger than {limit} bytes", limit=MAX_BUNDLE_BYTES)
        raise UsageError(what, where=str(path), why=str(error)) from error
    finally:
        neighbour.unlink(missing_ok=True)
    return digest


def _add(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> None:
    information = zipfile.ZipInfo(name, _EPOCH)
    information.external_attr = _REGULAR_FILE
    information.create_system = 3
    with archive.open(information, "w") as target:
        for chunk in _gathered(chunks):
            target.write(chunk)


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) >= 1 << 20:
            yield bytes(held)
            held.clear()
    yield bytes(held)
