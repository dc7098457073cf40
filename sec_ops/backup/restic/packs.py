"""Where in a repository's packs the bytes of a file lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Node
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message

__all__ = ["Blob", "blob_of_largest_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A stretch of a pack, in bytes, that holds a part of the file at `path`."""

    path: str
    pack: str
    offset: int
    length: int


def blob_of_largest_file(restic: Restic, snapshots: Sequence[str]) -> Blob:
    """Return a part of the largest file of the first of these snapshots that has one; raises EngineError."""
    for snapshot in snapshots:
        path = _largest(restic, snapshot)
        if path:
            return _placed(restic, path, _first_blob(restic, snapshot, path))
    raise EngineError(message("no file of these snapshots has a byte in {repository}", repository=restic.repository.id))


def _largest(restic: Restic, snapshot: str) -> str:
    largest: list[Node] = []

    def hear(node: Node) -> None:
        if node.type == "file" and node.size and (not largest or node.size > largest[0].size):
            largest[:] = [node]

    restic.ls(snapshot, on_node=hear)
    return largest[0].path if largest else ""


def _first_blob(restic: Restic, snapshot: str, path: str) -> str:
    place = PurePosixPath(path)
    folder = "" if str(place.parent) == "/" else f":{place.parent}"
    tree = _document(restic, "tree", f"{snapshot}{folder}")
    return next(str(node["content"][0]) for node in tree["nodes"] if node["name"] == place.name)


def _placed(restic: Restic, path: str, blob: str) -> Blob:
    judged, ids = restic.list_ids("index")
    if not judged.good:
        raise EngineError(judged.what, why=judged.why)
    for each in ids:
        for pack in _document(restic, "index", each)["packs"]:
            for held in pack["blobs"]:
                if held["id"] == blob:
                    return Blob(path=path, pack=pack["id"], offset=int(held["offset"]), length=int(held["length"]))
    raise EngineError(
        message("no index of {repository} knows where {path} lies", repository=restic.repository.id, path=path)
    )


def _document(restic: Restic, *what: str) -> Any:  # noqa: ANN401 - a JSON document
    judged, document = restic.cat(*what)
    if not judged.good:
        raise EngineError(judged.what, why=judged.why)
    return document
