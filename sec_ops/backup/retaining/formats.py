"""Whether content is what its name promises: headers of common formats, and that what follows can be that format.

Ransomware leaves names, or changes them, but seldom leaves content that a reader of the format would take. Headers
alone are cheap to fake, so ZIP, gzip, PNG and JPEG are followed as far as the bytes at hand go.
"""

import zlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import PurePosixPath

__all__ = ["Look", "known_name", "looks"]


class Look(StrEnum):
    """What content looks like: as its name promises all through, so by its first bytes, unlike it, or nobody knows."""

    AS_NAMED = "as_named"
    BEGINS = "begins"
    STRANGE = "strange"
    UNKNOWN = "unknown"


def looks(path: str, head: bytes) -> Look:
    """Return how the first bytes of a file look beside its name.

    A name's own format decides. One without a format is as good as named when it holds text, or any known format;
    with a second suffix put behind a known one (`plan.docx.locked`) the known one still promises.
    """
    if not head:
        return Look.UNKNOWN
    promised, renamed = _promised(path)
    if promised and _holds(promised, head):
        return _sure(promised, head)
    found = _found(head)
    if promised and not (renamed and found):
        return Look.STRANGE
    return _sure(found, head) if found else Look.UNKNOWN


def known_name(path: str) -> bool:
    """Return whether the name ends as that of a format known here."""
    return PurePosixPath(path).suffix.lower().lstrip(".") in _SUFFIXES


def _promised(path: str) -> tuple[str, bool]:
    """Return the format of a name, empty when it has none, and whether another suffix stands behind it."""
    suffixes = [suffix.lower().lstrip(".") for suffix in PurePosixPath(path).suffixes]
    if suffixes and suffixes[-1] in _SUFFIXES:
        return _SUFFIXES[suffixes[-1]], False
    behind = next((_SUFFIXES[suffix] for suffix in reversed(suffixes[:-1]) if suffix in _SUFFIXES), "")
    return behind, bool(behind)


def _holds(name: str, head: bytes) -> bool:
    if name == "text":
        return _is_text(head)
    magics = _MAGICS[name]
    if not any(head[offset : offset + len(magic)] == magic for offset, magic in magics):
        return False
    follow = _FOLLOWED.get(name)
    return follow is None or follow(head)


def _found(head: bytes) -> str:
    """Return the format the bytes are of, whatever their name; empty for none."""
    return next((name for name in ("text", *_MAGICS) if _holds(name, head)), "")


def _sure(name: str, head: bytes) -> Look:
    """Return whether the format was followed through the bytes, or only begins so."""
    followed = name == "text" or (name in _FOLLOWED and not head.startswith(_OLE))
    return Look.AS_NAMED if followed else Look.BEGINS


_TEXT_NOISE = 0.02


def _is_text(head: bytes) -> bool:
    """Return whether it can be text of any encoding: hardly a control character, and no zero byte but in UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
        return sum(map(text.count, _NOT_TEXT.decode("latin-1") + "\N{REPLACEMENT CHARACTER}")) < _TEXT_NOISE * len(text)
    controls = len(head) - len(head.translate(None, _NOT_TEXT))
    return b"\0" not in head and controls < _TEXT_NOISE * len(head)


_NOT_TEXT = bytes([*range(9), 11, *range(14, 27), *range(28, 32), 127])


def _zip(head: bytes) -> bool:
    """Return whether the first members inflate (stored ones are taken as they are)."""
    position, flags_at, method_at, sizes_at = 0, 6, 8, 18
    for _member in range(_MEMBERS):
        if head[position : position + 4] != b"PK\x03\x04":
            return position > 0 or head[:4] == b"PK\x05\x06"
        flags, method = (
            int.from_bytes(head[position + at : position + at + 2], "little") for at in (flags_at, method_at)
        )
        packed = int.from_bytes(head[position + sizes_at : position + sizes_at + 4], "little")
        lengths = [int.from_bytes(head[position + at : position + at + 2], "little") for at in (26, 28)]
        body = position + _ZIP_HEADER + sum(lengths)
        if (
            method == _DEFLATED
            and not flags & 1
            and not _inflates(head[body : body + packed if packed else None], -zlib.MAX_WBITS)
        ):
            return False
        if not packed or flags & 1 or body + packed >= len(head):
            return True
        position = body + packed
    return True


_MEMBERS = 200
_ZIP_HEADER = 30
_DEFLATED = 8


def _gzip(head: bytes) -> bool:
    return _inflates(head, zlib.MAX_WBITS | 16)


def _inflates(data: bytes, bits: int) -> bool:
    try:
        zlib.decompressobj(bits).decompress(data, _INFLATED)
    except zlib.error:
        return False
    return True


_INFLATED = 64 * 1024 * 1024


def _png(head: bytes) -> bool:
    """Return whether the checksums of all chunks at hand are right."""
    position = 8
    while position + 12 <= len(head):
        end = position + 12 + int.from_bytes(head[position : position + 4], "big")
        if end > len(head):
            return head[position + 4 : position + 8].isalpha()
        if zlib.crc32(head[position + 4 : end - 4]) != int.from_bytes(head[end - 4 : end], "big"):
            return False
        position = end
    return True


def _jpeg(head: bytes) -> bool:
    """Return whether segments follow each other, and the scan's 0xFF bytes stand before what the format allows.

    Source: ITU-T T.81, B.1.1.
    """
    position = 2
    while position + 4 <= len(head):
        if head[position] != _MARK:
            return False
        marker = head[position + 1]
        if marker == _MARK:
            position += 1
            continue
        position += 2 + int.from_bytes(head[position + 2 : position + 4], "big")
        if marker == _START_OF_SCAN:
            return _scan(head, position)
    return True


_MARK = 0xFF
_START_OF_SCAN = 0xDA
_STUFFING = frozenset({0x00, 0xFF, *range(0xD0, 0xD8)})
_ODD_MARKERS = 8


def _scan(head: bytes, position: int) -> bool:
    """Return whether the scan holds few markers: further scans and tables are, random bytes are not."""
    odd = 0
    at = head.find(b"\xff", position)
    while -1 < at < len(head) - 1:
        if head[at + 1] == _END_OF_IMAGE:
            return True
        odd += head[at + 1] not in _STUFFING
        if odd > _ODD_MARKERS + len(head) // 16_384:
            return False
        at = head.find(b"\xff", at + 2)
    return True


_END_OF_IMAGE = 0xD9

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGICS: Mapping[str, tuple[tuple[int, bytes], ...]] = {
    "zip": ((0, b"PK\x03\x04"), (0, b"PK\x05\x06")),
    "office": ((0, b"PK\x03\x04"), (0, _OLE)),
    "ole": ((0, _OLE),),
    "pdf": ((0, b"%PDF-"),),
    "jpeg": ((0, b"\xff\xd8\xff"),),
    "png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "tiff": ((0, b"II*\0"), (0, b"MM\0*")),
    "riff": ((0, b"RIFF"),),
    "iso_media": ((4, b"ftyp"), (4, b"moov"), (4, b"mdat")),
    "mp3": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2"), (0, b"\xff\xfa")),
    "matroska": ((0, b"\x1aE\xdf\xa3"),),
    "gzip": ((0, b"\x1f\x8b\x08"),),
    "bzip2": ((0, b"BZh"),),
    "xz": ((0, b"\xfd7zXZ\0"),),
    "zstd": ((0, b"\x28\xb5\x2f\xfd"),),
    "seven_zip": ((0, b"7z\xbc\xaf\x27\x1c"),),
    "rar": ((0, b"Rar!\x1a\x07"),),
    "sqlite": ((0, b"SQLite format 3\0"),),
    "pg_dump": ((0, b"PGDMP"),),
    "elf": ((0, b"\x7fELF"),),
    "tar": ((257, b"ustar"),),
    "parquet": ((0, b"PAR1"),),
}

_FOLLOWED: Mapping[str, Callable[[bytes], bool]] = {
    "zip": _zip,
    "office": lambda head: not head.startswith(b"PK") or _zip(head),  # one with a password is an OLE file
    "gzip": _gzip,
    "png": _png,
    "jpeg": _jpeg,
}

_NAMES: Mapping[str, str] = {
    "zip": "zip odt ods odp jar war apk epub ofd",
    "office": "docx xlsx pptx vsdx doc xls ppt",
    "ole": "msi msg",
    "pdf": "pdf",
    "jpeg": "jpg jpeg",
    "png": "png",
    "gif": "gif",
    "tiff": "tif tiff",
    "riff": "wav avi webp",
    "iso_media": "mp4 m4a m4v mov",
    "mp3": "mp3",
    "matroska": "mkv webm",
    "gzip": "gz tgz",
    "bzip2": "bz2",
    "xz": "xz",
    "zstd": "zst",
    "seven_zip": "7z",
    "rar": "rar",
    "sqlite": "sqlite sqlite3",
    "pg_dump": "",
    "elf": "",
    "tar": "tar",
    "parquet": "parquet",
    "text": "txt csv tsv html htm xhtml xml json jsonl yaml yml md rst tex sql log ini cfg conf toml properties sh bat "
    "ps1 py js ts css java c h cpp cs go php jsp asp aspx rb pl vue svg ldif eml rtf",
}
_SUFFIXES: Mapping[str, str] = {suffix: name for name, suffixes in _NAMES.items() for suffix in suffixes.split()}
