"""Rule files cut into their documents: whose they are, and the id by which one document takes another's place.

Cutting at the marker `---` is exact: at the beginning of a line it can stand inside no scalar (YAML 1.2.2 §9.1.2). Old
collections with an `action` share keys between documents and stay whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Document", "Source", "documents"]

_MARKER = re.compile(rb"^---(?=[ \t\r\n]|\Z)[^\n]*\n?", re.MULTILINE)
_SHARED = re.compile(rb"^action[ \t]*:", re.MULTILINE)
_SAID = re.compile(
    rb"^(id|name|title|level|status|overrides|filter)[ \t]*:[ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\n]*))", re.MULTILINE
)
_REMARK = re.compile(r"\s+#.*|^#.*")


class Source(StrEnum):
    """Where a rule comes from."""

    SHIPPED = "shipped"
    IMPORTED = "imported"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One rule, correlation or filter as written.

    `path` is below its layer's root; `id`, `name`, `title`, `level` and `status` are as far as its lines give them, ids
    in lower case; `overrides` is the id it says it replaces; `release` names the release of an imported one.
    """

    path: str
    data: bytes
    source: Source
    release: str = ""
    id: str = ""
    name: str = ""
    title: str = ""
    level: str = ""
    status: str = ""
    overrides: str = ""
    is_filter: bool = False


def documents(path: str, data: bytes, source: Source, release: str = "") -> Sequence[Document]:
    """Return the documents of a file, the second one's path ending in `#2` and so on."""
    pieces = [data] if _SHARED.search(data) or b"\n---" not in data else _MARKER.split(data)
    whole = [piece for piece in pieces if _says_something(piece)] or [data]
    return [
        _document(path if number == 1 else f"{path}#{number}", piece, source, release)
        for number, piece in enumerate(whole, 1)
    ]


def _says_something(piece: bytes) -> bool:
    return any(line and not line.startswith((b"#", b"...", b"%")) for line in map(bytes.strip, piece.splitlines()))


def _document(path: str, data: bytes, source: Source, release: str) -> Document:
    said: dict[bytes, str] = {}
    for key, *values in _SAID.findall(data):
        said.setdefault(key, _REMARK.sub("", b"".join(values).decode("utf-8", "replace")).strip())
    return Document(
        path=path,
        data=data,
        source=source,
        release=release,
        id=said.get(b"id", "").lower(),
        name=said.get(b"name", ""),
        title=said.get(b"title", ""),
        level=said.get(b"level", ""),
        status=said.get(b"status", "").lower(),
        overrides=said.get(b"overrides", "").lower(),
        is_filter=b"filter" in said,
    )
