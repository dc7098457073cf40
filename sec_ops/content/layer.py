"""One layer's files of one kind: read, told apart into objects, not yet checked against the model."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import Any

from sec_ops.content.kinds import Kind
from sec_ops.content.yaml_reader import BYTES_BOUND, Document, Path, path_text, read_yaml
from sec_ops.model.content import Layer, Loaded, Origin
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import Message, message

__all__ = ["Entry", "LayerContent", "read_content", "read_data", "read_layer", "shown_path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object as written: where it stands and its keys, without those that speak of the overlay."""

    id: str
    raw: Mapping[str, Any]
    overrides: str | None
    patches: str | None
    document: Document
    base: Path
    origin: Origin

    def fault(self, path: Path, what: Message, advice: Message | None = None) -> Fault:
        """Return a fault at a path of this object."""
        whole = self.base + path
        line = self.document.line(whole)
        return Fault(file=self.document.file, line=line, path=path_text(whole), message=what, advice=advice)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerContent:
    """What one layer has of one kind, and all that is wrong with its files."""

    entries: tuple[Entry, ...]
    files: tuple[Loaded[Mapping[str, Any]], ...]
    faults: tuple[Fault, ...]


def read_layer(kind: Kind[Any], layer: Layer, root: FilePath, built: Mapping[str, str] | None = None) -> LayerContent:
    """Read all files of a kind below `root`; `built` holds the digests shipped files must have, none missing."""
    paths = _paths(kind, root)
    parts = [_missing(kind, root, paths, built or {})]
    for path in paths:
        name, relative = shown_path(path), path.relative_to(root).as_posix()
        try:
            data = read_content(path, name, None if built is None else built.get(relative, ""))
            parts.append(read_data(kind, data, layer=layer, name=name, relative=relative))
        except ContentInvalid as error:
            parts.append(LayerContent(entries=(), files=(), faults=error.faults))
    return LayerContent(
        entries=tuple(entry for part in parts for entry in part.entries),
        files=tuple(file for part in parts for file in part.files),
        faults=tuple(fault for part in parts for fault in part.faults),
    )


def read_data(kind: Kind[Any], data: bytes, *, layer: Layer, name: str, relative: str) -> LayerContent:
    """Read one file's bytes; `name` is shown in faults, `relative` is its path below the layer's root."""
    try:
        document = read_yaml(data, name)
        if not isinstance(document.value, Mapping):
            raise ContentInvalid((Fault(file=name, line=1, path="", message=message("the file is a map of keys")),))
        digest = hashlib.sha256(data).hexdigest()
        origin = Origin(layer=layer, path=relative, line=document.line(()), sha256=digest)
        entries = tuple(_entries(kind, document, origin, kind.name_of(relative)))
    except ContentInvalid as error:
        return LayerContent(entries=(), files=(), faults=error.faults)
    return LayerContent(entries=entries, files=(_file(kind, document, origin),), faults=())


def shown_path(path: FilePath) -> str:
    """Return a path as a person at this shell would type it."""
    try:
        here = FilePath.cwd()
    except FileNotFoundError:  # the folder we stand in was deleted
        return str(path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _paths(kind: Kind[Any], root: FilePath) -> list[FilePath]:
    folder = root / kind.folder
    return sorted({path for pattern in kind.files for path in folder.glob(pattern)})


def _missing(kind: Kind[Any], root: FilePath, paths: list[FilePath], built: Mapping[str, str]) -> LayerContent:
    there = {path.relative_to(root).as_posix() for path in paths}
    patterns = [f"{kind.folder}/{pattern}" for pattern in kind.files]
    gone = [name for name in built if name not in there and any(PurePosixPath(name).match(each) for each in patterns)]
    faults = tuple(_reinstall(shown_path(root / name), message("is missing from the installation")) for name in gone)
    return LayerContent(entries=(), files=(), faults=faults)


def read_content(path: FilePath, name: str, wanted: str | None = None) -> bytes:
    """Return the bytes of a content file, `name` in faults, at most one over the bound.

    Raises ContentInvalid when it can't be read, is no regular file, or its SHA-256 is another than the one `wanted`.
    """
    try:
        # O_NONBLOCK: a pipe or device under a content file's name must not hold us up.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            data = stream.read(BYTES_BOUND + 1)
    except OSError as error:
        reason = message("could not read: {reason}", reason=error.strerror or str(error))
        raise ContentInvalid((Fault(file=name, line=0, path="", message=reason),)) from error
    if wanted is not None and hashlib.sha256(data).hexdigest() != wanted:
        raise ContentInvalid((_reinstall(name, message("differs from the file that was installed")),))
    return data


def _reinstall(name: str, what: Message) -> Fault:
    return Fault(file=name, line=0, path="", message=what, advice=message("install sec-ops again"))


def _file(kind: Kind[Any], document: Document, origin: Origin) -> Loaded[Mapping[str, Any]]:
    head = {key: value for key, value in document.value.items() if key != kind.items}
    return Loaded(head, origin)


def _entries(kind: Kind[Any], document: Document, origin: Origin, stem: str) -> Iterator[Entry]:
    if not kind.items:
        yield _entry(document.value, document, (), origin, stem)
        return
    items = document.value.get(kind.items)
    if not isinstance(items, list):
        what = message("is a list of objects")
        fault = Fault(file=document.file, line=document.line((kind.items,)), path=kind.items, message=what)
        raise ContentInvalid((fault,))
    wrong = [index for index, item in enumerate(items) if not isinstance(item, Mapping)]
    if wrong:
        raise ContentInvalid([_not_an_object(document, (kind.items, index)) for index in wrong])
    for index, item in enumerate(items):
        base: Path = (kind.items, index)
        at_line = Origin(layer=origin.layer, path=origin.path, line=document.line(base), sha256=origin.sha256)
        yield _entry(item, document, base, at_line, str(item.get("id", "")))


def _not_an_object(document: Document, base: Path) -> Fault:
    where = f"{base[0]}[{base[1]}]"
    return Fault(
        file=document.file, line=document.line(base), path=where, message=message("wants a map of keys and values")
    )


def _entry(raw: Mapping[str, Any], document: Document, base: Path, origin: Origin, name: str) -> Entry:
    overlaid = origin.layer is Layer.SITE
    own = {key: value for key, value in raw.items() if not (overlaid and key in ("overrides", "patches"))}
    return Entry(
        id=name,
        raw=own,
        overrides=_reference(raw, "overrides") if overlaid else None,
        patches=_reference(raw, "patches") if overlaid else None,
        document=document,
        base=base,
        origin=origin,
    )


def _reference(raw: Mapping[str, Any], key: str) -> str | None:
    return str(raw[key]) if key in raw else None
