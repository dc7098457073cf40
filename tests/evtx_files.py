"""Small EVTX files made for tests: real in every part that a reader looks at, without templates.

Source: libyal's "Windows XML Event Log (EVTX) format". Binary XML here is elements, attributes and texts written out,
as the format allows; Windows itself refers to templates.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CHUNK_BYTES", "HEADER_BYTES", "event_log", "security_event"]

HEADER_BYTES = 4096
CHUNK_BYTES = 65_536
_CHUNK_HEADER = 512
_EPOCH_TICKS = 116_444_736_000_000_000
Element = tuple[str, Mapping[str, str], "Sequence[Element] | str"]


def security_event(
    event_id: int, data: Mapping[str, str], *, record: int = 1, time: str, channel: str = "Security"
) -> Element:
    """Return the XML of an audit event with the values of EventData."""
    system: list[Element] = [
        ("Provider", {"Name": "Microsoft-Windows-Security-Auditing"}, ""),
        ("EventID", {}, str(event_id)),
        ("Level", {}, "0"),
        ("Keywords", {}, "0x8020000000000000"),
        ("TimeCreated", {"SystemTime": time}, ""),
        ("EventRecordID", {}, str(record)),
        ("Channel", {}, channel),
        ("Computer", {}, "dc01.example.org"),
    ]
    values: list[Element] = [("Data", {"Name": name}, value) for name, value in data.items()]
    return ("Event", {}, [("System", {}, system), ("EventData", {}, values)])


def event_log(events: Iterable[Element], *, per_chunk: int = 20) -> bytes:
    """Return the bytes of an EVTX file that holds the events, so many in a chunk."""
    every = list(events)
    groups = [every[at : at + per_chunk] for at in range(0, len(every), per_chunk)]
    chunks = [_chunk(group, 1 + number * per_chunk) for number, group in enumerate(groups)]
    return _file_header(len(chunks), len(every)) + b"".join(chunks)


def _file_header(chunks: int, records: int) -> bytes:
    head = b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, max(chunks - 1, 0), records + 1, 128, 1, 3, HEADER_BYTES, chunks)
    head += bytes(76) + struct.pack("<I", 0)
    return (head + struct.pack("<I", zlib.crc32(head[:120]))).ljust(HEADER_BYTES, b"\0")


def _chunk(events: Sequence[Element], first: int) -> bytes:
    body, last = b"", _CHUNK_HEADER
    for number, event in enumerate(events, first):
        last = _CHUNK_HEADER + len(body)
        body += _record(event, number, last)
    end = first + len(events) - 1
    head = b"ElfChnk\0" + struct.pack("<QQQQ", first, end, first, end)
    head += (
        struct.pack("<IIII", 128, last, _CHUNK_HEADER + len(body), zlib.crc32(body)) + bytes(64) + struct.pack("<I", 1)
    )
    tables = bytes(_CHUNK_HEADER - 128)
    return (head + struct.pack("<I", zlib.crc32(head[:120] + tables)) + tables + body).ljust(CHUNK_BYTES, b"\0")


def _record(event: Element, number: int, at: int) -> bytes:
    xml = b"\x0f\x01\x01\x00" + _element(event, at + 24 + 4) + b"\x00"
    size = 24 + len(xml) + 4
    return struct.pack("<4sIQQ", b"**\0\0", size, number, _EPOCH_TICKS + number) + xml + struct.pack("<I", size)


def _element(element: Element, at: int) -> bytes:
    name, attributes, inner = element
    start = b"\x41" if attributes else b"\x01"
    head_size = 1 + 4 + 4
    body = _name(name)
    listed = b""
    if attributes:
        for number, (key, value) in enumerate(attributes.items(), 1):
            token = b"\x06" if number == len(attributes) else b"\x46"
            place = at + head_size + len(body) + 4 + len(listed) + 1 + 4
            listed += token + struct.pack("<I", place) + _name(key) + _text(value)
        body += struct.pack("<I", len(listed)) + listed
    if inner == "":
        body += b"\x03"
    else:
        body += b"\x02"
        for child in [inner] if isinstance(inner, str) else inner:
            body += _text(child) if isinstance(child, str) else _element(child, at + head_size + len(body))
        body += b"\x04"
    return start + struct.pack("<II", len(body), at + head_size) + body


def _text(text: str) -> bytes:
    return b"\x05\x01" + struct.pack("<H", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def _name(name: str) -> bytes:
    value = 0
    for character in name:
        value = value * 65_599 + ord(character) & 0xFFFFFFFF
    return struct.pack("<IHH", 0, value & 0xFFFF, len(name)) + name.encode("utf-16-le") + b"\0\0"
