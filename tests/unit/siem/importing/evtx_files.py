"""EVTX files made by hand: binary XML without templates, as the public descriptions of the format have it."""

import struct
from collections.abc import Sequence

CHUNK_BYTES = 65_536
_FRAGMENT, _ATTRIBUTE, _OPEN, _OPEN_WITH, _END_OPEN, _CLOSE, _VALUE, _EOF = (
    b"\x0f\x01\x01\x00", b"\x06", b"\x01", b"\x41", b"\x02", b"\x04", b"\x05\x01", b"\x00",
)  # fmt: skip


def evtx_file(chunks: Sequence[bytes]) -> bytes:
    """Return a file of chunks."""
    numbers = struct.pack("<QQQIHHHH", 0, max(len(chunks) - 1, 0), 1, 128, 1, 3, 4096, len(chunks))
    return b"ElfFile\0" + numbers + bytes(4096 - 8 - len(numbers)) + b"".join(chunks)


def event_chunk(first: int, messages: Sequence[str]) -> bytes:
    """Return a chunk with an event for each message."""
    body = bytearray(512)
    for number, text in enumerate(messages, first):
        body += _record(number, text, len(body))
    last = first + len(messages) - 1
    struct.pack_into("<8sQQQQIII", body, 0, b"ElfChnk\0", first, last, first, last, 128, 0, len(body))
    return bytes(body).ljust(CHUNK_BYTES, b"\0")


def endless_chunk() -> bytes:
    """Return a chunk whose names point at each other: whoever follows them never comes to an end."""
    chunk = bytearray(event_chunk(1, ["never read"]))
    first, second = (chunk.index(name.encode("utf-16-le")) - 8 for name in ("Event", "EventData"))
    for at, target in ((128, first), (first, second), (second, first)):
        struct.pack_into("<I", chunk, at, target)
    return bytes(chunk)


def _record(number: int, text: str, offset: int) -> bytes:
    start = offset + 24
    xml = bytearray(_FRAGMENT)
    xml += _open("Event", start + len(xml))
    xml += _open("System", start + len(xml))
    for name, value in (
        ("EventID", "4625"),
        ("EventRecordID", str(number)),
        ("Channel", "Security"),
        ("Computer", "pc"),
    ):
        xml += _open(name, start + len(xml)) + _value(value) + _CLOSE
    xml += _CLOSE + _open("EventData", start + len(xml) + 1)
    xml += _open("Message", start + len(xml)) + _value(text) + _CLOSE
    xml += _CLOSE + _CLOSE + _EOF
    size = 24 + len(xml) + 4
    return struct.pack("<IIQQ", 0x2A2A, size, number, 133_000_000_000_000_000) + xml + struct.pack("<I", size)


def _open(name: str, offset: int) -> bytes:
    """Return an element's beginning; its name stands right behind, at an offset in the chunk."""
    at = offset + 1 + 4 + 4
    return _OPEN + struct.pack("<II", 0, at) + _name(name) + _END_OPEN


def _name(name: str) -> bytes:
    return struct.pack("<IHH", 0, 0, len(name)) + name.encode("utf-16-le") + b"\0\0"


def _value(text: str) -> bytes:
    return _VALUE + struct.pack("<H", len(text)) + text.encode("utf-16-le")
