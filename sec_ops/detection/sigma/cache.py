"""Rules that were read before: as JSON below the site's `var`, for the same texts, placeholders and version of ours.

What is damaged, or was written for something else, is as if it weren't there: the texts are read again.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache as remembered
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import orjson

from sec_ops import __version__
from sec_ops.detection.sigma import reading
from sec_ops.detection.sigma.packing import packed, unpacked
from sec_ops.detection.sigma.reading import Placeholders, RuleSet, RuleText
from sec_ops.model.errors import StorageError
from sec_ops.runtime.files import make_folder, write_atomically

__all__ = ["FILE", "read_rules"]

FILE: Final = "detection-rules.json"
_DIGEST: Final = 64
_LIBRARIES: Final = ("pysigma", "regex", "google-re2")
"""Whose releases decide what is read, and which expressions can be searched for."""


def read_rules(texts: Iterable[RuleText], placeholders: Placeholders, folder: Path | None) -> RuleSet:
    """Return what `reading.read_rules` returns, from the cache in `folder` when it is for these texts.

    Without a folder nothing is remembered; one that can't be written to is no fault.
    """
    texts = tuple(texts)
    if folder is None:
        return reading.read_rules(texts, placeholders)
    key = _key(texts, placeholders)
    known = _known(folder / FILE, key)
    if known is not None:
        return known
    found = reading.read_rules(texts, placeholders)
    _keep(folder, key, found)
    return found


def _known(path: Path, key: str) -> RuleSet | None:
    try:
        data = path.read_bytes()
        if data[:_DIGEST].decode() != key or data[_DIGEST : 2 * _DIGEST].decode() != _sha256(data[2 * _DIGEST :]):
            return None
        return unpacked(orjson.loads(data[2 * _DIGEST :]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _keep(folder: Path, key: str, found: RuleSet) -> None:
    try:
        body = orjson.dumps(packed(found))
        make_folder(folder)
        write_atomically(folder / FILE, f"{key}{_sha256(body)}".encode() + body)
    except (StorageError, TypeError, RecursionError):
        return


def _key(texts: Sequence[RuleText], placeholders: Placeholders) -> str:
    """Return the SHA-256 of all that decides what is read: the texts, the placeholders, and who reads them."""
    whole = hashlib.sha256(_reader().encode())
    whole.update(orjson.dumps({name: list(values) for name, values in sorted(placeholders.items())}))
    for text in texts:
        whole.update(f"{len(text.data)} {text.layer} {text.path}\n".encode("utf-8", "surrogateescape"))
        whole.update(text.data)
    return whole.hexdigest()


@remembered
def _reader() -> str:
    """Return what tells one reader from another: versions, and the code itself, which changes between them."""
    here = Path(__file__)
    own = sorted([*here.parent.glob("*.py"), *here.parents[1].glob("*.py")])
    own += [here.parents[2] / "content" / name for name in ("patterns.py", "spelling.py")]
    code = hashlib.sha256(b"\0".join(path.read_bytes() for path in own)).hexdigest()
    return " ".join([__version__, *map(_release, _LIBRARIES), code])


def _release(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # no wheel for this machine
        return "none"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
