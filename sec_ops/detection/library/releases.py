"""Imported releases: `rules/detection/imported/<name>/release.json` names the folder beside it that is in force.

The manifest pins every file by its SHA-256; a file that is another one now isn't used. Since a new release is written
beside the old one and the manifest replaced at once, a crash leaves the one or the other.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from sec_ops.content.layer import read_content
from sec_ops.detection.library.documents import Document, Source, documents
from sec_ops.detection.library.files import IMPORTED
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = [
    "MANIFEST",
    "NAME",
    "Release",
    "ReleaseFiles",
    "Releases",
    "digest_of",
    "is_plain",
    "read_release",
    "release_files",
    "releases",
]

MANIFEST = "release.json"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NAME_BOUND = 255
_DEPTH_BOUND = 16
_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Release(Value):
    """A release of rules as it was imported."""

    name: Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$")]
    sha256: _Digest = Field(description="SHA-256 over the paths and digests of its files")
    source: NonEmpty = Field(description="name of the file or folder it came from")
    source_sha256: str = Field(default="", description="SHA-256 of that file; empty for a folder")
    imported_at: NonEmpty = Field(description="RFC 3339, UTC")
    imported_by: NonEmpty = Field(description="account that imported it")
    folder: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{8,64}$")] = Field(
        description="folder beside the manifest that its files lie in"
    )
    files: dict[str, _Digest] = Field(description="path below that folder to SHA-256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """A site's releases in the order they were imported, and the faults of manifests that can't be read."""

    releases: tuple[Release, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFiles:
    """The documents of a release, and what of it isn't as it was imported."""

    release: Release
    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


def digest_of(files: Mapping[str, str]) -> str:
    """Return the SHA-256 of a release by its files: a line `digest  path` each, by path."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def is_plain(name: str) -> bool:
    """Tell whether a name is a relative path, spelled in one way only, that stays below its folder."""
    path = PurePosixPath(name)
    spelled = name.isprintable() and not set(name) & set("\\:") and str(path) == name
    short = len(path.parts) <= _DEPTH_BOUND and all(len(part.encode()) <= _NAME_BOUND for part in path.parts)
    return spelled and short and not path.is_absolute() and ".." not in path.parts


def releases(root: Path | None) -> Releases:
    """Return the releases of the site below `root`."""
    found: list[Release] = []
    faults: list[Fault] = []
    for path in sorted((root / IMPORTED).glob(f"*/{MANIFEST}")) if root else ():
        try:
            found.append(read_release(path, f"{IMPORTED}/{path.parent.name}/{MANIFEST}"))
        except ContentInvalid as error:
            faults += error.faults
    found.sort(key=lambda release: (release.imported_at, release.name))
    return Releases(releases=tuple(found), faults=tuple(faults))


def read_release(path: Path, name: str) -> Release:
    """Return the release a manifest speaks of; raises ContentInvalid."""
    advice = message("import the release again: sec-ops detect import FILE --as {name}", name=path.parent.name)
    try:
        release = Release.model_validate(json.loads(read_content(path, name)))
    except (ValueError, ValidationError, RecursionError) as error:
        fault = Fault(file=name, line=0, path="", message=message("is no manifest of a release"), advice=advice)
        raise ContentInvalid((fault,)) from error
    if (
        release.name != path.parent.name
        or not all(map(is_plain, release.files))
        or digest_of(release.files) != release.sha256
    ):
        what = message("the manifest doesn't agree with itself")
        raise ContentInvalid((Fault(file=name, line=0, path="", message=what, advice=advice),))
    return release


def release_files(root: Path, release: Release) -> ReleaseFiles:
    """Return the documents of a release; files that are missing or changed since the import are faults, not rules.

    When another release took its place while it was read, that one's are returned.
    """
    files = _read(root, release)
    manifest = root / IMPORTED / release.name / MANIFEST
    while files.faults and (now := read_release(manifest, manifest.name)) != files.release:
        files = _read(root, now)
    return files


def _read(root: Path, release: Release) -> ReleaseFiles:
    folder = f"{IMPORTED}/{release.name}/{release.folder}"
    found: list[Document] = []
    faults: list[Fault] = []
    for path, digest in release.files.items():
        name = f"{folder}/{path}"
        try:
            data = read_content(root / name, name)
        except ContentInvalid as error:
            faults += error.faults
            continue
        if hashlib.sha256(data).hexdigest() == digest:
            found += documents(name, data, Source.IMPORTED, release.name)
        else:
            faults.append(_changed(name))
    return ReleaseFiles(release=release, documents=tuple(found), faults=tuple(faults))


def _changed(name: str) -> Fault:
    what = message("differs from the file that was imported")
    advice = message("copy a rule to rules/detection/ to change it; import the release again to mend it")
    return Fault(file=name, line=0, path="", message=what, advice=advice)
