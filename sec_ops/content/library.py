"""The library: all content of the shipped layer with the site's layer over it."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar

from sec_ops.content.kinds import KINDS, Kind
from sec_ops.content.layer import Entry, LayerContent, read_layer, shown_path
from sec_ops.content.overlay import overlay
from sec_ops.content.shipped import built_digests, shipped_root
from sec_ops.content.yaml_reader import Path
from sec_ops.model.canonical import canonical_json
from sec_ops.model.content import Layer, Loaded, Origin
from sec_ops.model.errors import ContentInvalid, Fault, NotApproved
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import ApprovalCheck
from sec_ops.model.values import Value

__all__ = ["Library", "LintRule"]

T = TypeVar("T", bound=Value)


class Library:
    """Content by kind and id; a kind is read when it is first asked for."""

    def __init__(self, shipped: FilePath, site: FilePath | None) -> None:
        self.shipped_root = shipped
        self.site_root = site
        self._objects: dict[str, Mapping[str, Loaded[Any]]] = {}
        self._entries: dict[str, Mapping[str, Entry]] = {}
        self._files: dict[str, tuple[Loaded[Mapping[str, Any]], ...]] = {}
        self._faults: dict[str, tuple[Fault, ...]] = {}

    @classmethod
    def open(cls, site_root: FilePath | None, *, shipped: FilePath | None = None) -> "Library":
        """Return the library of a site, or of the shipped content alone; raises ContentInvalid when that is missing."""
        return cls(shipped or shipped_root(), site_root)

    def objects(self, kind: Kind[T]) -> Mapping[str, Loaded[T]]:
        """Return the objects of a kind by id; raises ContentInvalid with every fault of every file of the kind."""
        self.load(kind)
        return self._objects[kind.name]

    def files(self, kind: Kind[Any]) -> tuple[Loaded[Mapping[str, Any]], ...]:
        """Return what the files of a kind say beside their objects, such as counts; raises ContentInvalid."""
        self.load(kind)
        return self._files[kind.name]

    def load(self, *kinds: Kind[Any]) -> None:
        """Read the kinds (all when none is named) and raise ContentInvalid with all their faults at once."""
        faults = self.faults(*kinds)
        if faults:
            raise ContentInvalid(faults)

    def faults(self, *kinds: Kind[Any]) -> tuple[Fault, ...]:
        """Return every fault of the kinds (all when none is named), without raising."""
        chosen = kinds or tuple(KINDS.values())
        for kind in chosen:
            if kind.name not in self._faults:
                self._read(kind)
        return tuple(fault for kind in chosen for fault in self._faults[kind.name])

    def readable(self, *kinds: Kind[Any]) -> "Library":
        """Return this library with the kinds named counting as whole: what could be read of them, without a fault.

        For rules that look for more faults beside those that are known, in kinds that no other kind refers to.
        """
        self.faults(*kinds)
        view = Library(self.shipped_root, self.site_root)
        view._objects, view._entries, view._files = self._objects, self._entries, self._files
        view._faults = {**self._faults, **{kind.name: () for kind in kinds}}
        return view

    def digest(self, *kinds: Kind[Any]) -> str:
        """Return one SHA-256 over ids, layers and file digests of the kinds: the content a run is judged by."""
        lines = [
            [kind.name, name, *_digests(loaded.origin)]
            for kind in kinds or tuple(KINDS.values())
            for name, loaded in sorted(self.objects(kind).items())
        ]
        return hashlib.sha256(canonical_json(lines)).hexdigest()

    def fault(self, kind: Kind[Any], name: str, path: Path, what: Message, advice: Message | None = None) -> Fault:
        """Return a fault at a path, such as `("cases", 2, "expect")`, of a loaded object, with its file and line."""
        return self._entries[kind.name][name].fault(path, what, advice)

    def shown(self, origin: Origin) -> str:
        """Return the path of an object's file as a person at this shell would type it."""
        site = self.site_root if origin.layer is Layer.SITE else None
        return shown_path((site or self.shipped_root) / origin.path)

    def require_approval(self, check: ApprovalCheck, *kinds: Kind[Any]) -> None:
        """Raise NotApproved with every object of the kinds (all when none is named) that executes and has no approval.

        Shipped content is approved by being installed; a patch brings nothing that executes.
        """
        refused = []
        for kind in kinds or tuple(KINDS.values()):
            for name, loaded in self.objects(kind).items():
                origin = loaded.origin.patched or loaded.origin
                if origin.layer is Layer.SITE and kind.executes(loaded.value):
                    reason = check(origin.path, origin.sha256)
                    refused += [self.fault(kind, name, (), reason)] if reason else []
        if refused:
            what = message("{count} files that execute are not approved; nothing was run", count=len(refused))
            raise NotApproved(
                refused, what=what, advice=message("review them, then: sec-ops content approve FILE… --key KEY")
            )

    def _read(self, kind: Kind[Any]) -> None:
        shipped, site = self._layers(kind)
        objects, faults = overlay(kind, shipped.entries, site.entries)
        found = (*shipped.faults, *site.faults, *faults)
        self._objects[kind.name] = objects
        self._entries[kind.name] = {entry.patches or entry.id: entry for entry in (*shipped.entries, *site.entries)}
        self._files[kind.name] = (*shipped.files, *site.files)
        self._faults[kind.name] = tuple(sorted(found, key=lambda fault: (fault.file, fault.line)))

    def _layers(self, kind: Kind[Any]) -> tuple[LayerContent, LayerContent]:
        shipped = site = LayerContent(entries=(), files=(), faults=())
        if self.site_root is not None:
            site = read_layer(kind, Layer.SITE, self.site_root)
        if self.site_root is None or not kind.example:
            shipped = read_layer(kind, Layer.SHIPPED, self.shipped_root, built_digests(self.shipped_root))
        return shipped, site


def _digests(origin: Origin) -> list[str]:
    """Return layer and file digest, of a patch also those of what it patches."""
    return [origin.layer.value, origin.sha256, *(_digests(origin.patched) if origin.patched else ())]


LintRule = Callable[[Library], Iterable[Fault]]
"""What other rooms add to `content lint`: every fault they see in a library whose kinds have loaded."""
