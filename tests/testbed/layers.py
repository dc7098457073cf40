"""Overlay layers that make a host something else: prepared once, kept in the cache, shared by all hosts."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from tests.testbed.cache import cache_directory, exclusive

__all__ = ["Family", "family_layers", "large_tree_layer"]

_FAMILIES = Path(__file__).parent / "families"
# ext4 takes 65,000 links to one file.
_LINKS_PER_FILE = 50_000
_FILES_PER_FOLDER = 1_000
# Raise it when the code below makes other layers of the same files.
_RECIPE = 1


class Family(StrEnum):
    """A look of another distribution; the folder of that name under ``families/`` holds what differs."""

    OPENEULER = "openeuler"
    KYLIN = "kylin"
    UNKNOWN = "unknown"


_STACKS = {
    Family.OPENEULER: ("openeuler", "rpm_family"),
    Family.KYLIN: ("kylin", "rpm_family"),
    Family.UNKNOWN: ("unknown",),
}


def family_layers(family: Family) -> tuple[Path, ...]:
    """The layers, top first, for ``HostPlan(layers=…)``: release files, PAM stacks, no dpkg where there is none."""
    return tuple(_folder_layer(_FAMILIES / name) for name in _STACKS[family])


def large_tree_layer(count: int = 500_000) -> Path:
    """A layer with ``count`` small files under /srv/archive, hard links to a few; seconds to make, once."""
    return _cached(f"tree-{count}", lambda layer: _link_many(layer / "srv/archive", count))


def _folder_layer(source: Path) -> Path:
    files = sorted(path for path in source.rglob("*") if path.is_file())
    digest = hashlib.sha256(bytes([_RECIPE]))
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(source)}\0{len(content)}\0".encode() + content)
    return _cached(f"{source.name}-{digest.hexdigest()[:12]}", lambda layer: _copy(source, files, layer))


def _copy(source: Path, files: list[Path], layer: Path) -> None:
    for path in files:
        name = path.relative_to(source)
        if str(name) == "removed.txt":
            for line in path.read_text().split():
                _white_out(layer, layer / line.lstrip("/"))
        else:
            target = layer / name
            _make_folders(layer, target.parent)
            shutil.copyfile(path, target)
            target.chmod(0o644)


def _white_out(layer: Path, path: Path) -> None:
    """Hide what the layers below have at this path: a character device 0/0 is overlayfs' mark for it."""
    _make_folders(layer, path.parent)
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


def _make_folders(layer: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder, *folder.parents):
        if path == layer:
            break
        path.chmod(0o755)


def _link_many(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    source = folder
    for number in range(count):
        if number % _FILES_PER_FOLDER == 0:
            current = folder / f"{number // _FILES_PER_FOLDER:04d}"
            current.mkdir()
        path = f"{current}/{number:06d}.txt"
        if number % _LINKS_PER_FILE == 0:
            source = Path(path)
            source.write_text(f"file {number}\n")
        else:
            os.link(source, path)


def _cached(name: str, make: Callable[[Path], None]) -> Path:
    layers = cache_directory() / "layers"
    layers.mkdir(exist_ok=True)
    target = layers / name
    with exclusive(layers / ".lock"):
        if not target.is_dir():
            work = target.with_name(f"{name}.partial")
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            work.chmod(0o755)
            make(work)
            work.rename(target)
    return target
