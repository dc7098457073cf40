"""EVTX files, chunk by chunk: 4096 bytes of header, then chunks of 64 KiB that stand for themselves."""

import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sec_ops.model.messages import message
from sec_ops.runtime.archives.readers import Damaged, Reader, read_exactly

__all__ = ["WORKER", "EventChunk", "event_chunks", "is_event_log"]

WORKER = (sys.executable, "-P", "-m", "sec_ops.siem.importing.evtx_worker", "10")
"""The program that reads chunks, and the seconds it may take for one; a good one takes a millisecond."""
_MAGIC = b"ElfFile\0"
_HEADER_BYTES = 4096
_CHUNK_BYTES = 65_536
_COUNTS = struct.Struct("<II")
_UNUSED = bytes(_CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class EventChunk:
    """What a chunk of a file held: its records as JSON texts, and how many parts of it couldn't be read."""

    records: tuple[bytes, ...]
    faults: int


def is_event_log(head: bytes) -> bool:
    """Return whether a stream that begins so is an EVTX file."""
    return head.startswith(_MAGIC)


def event_chunks(source: Reader, ask: Callable[[bytes], bytes | None], skip: int) -> Iterator[EventChunk]:
    """Yield what the chunks hold, in the file's order, without the first `skip`; `ask` reaches the worker.

    Raises Damaged where the file is cut off.
    """
    header = read_exactly(source, _HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise Damaged(message("the EVTX file is cut off"))
    number = 0
    while chunk := read_exactly(source, _CHUNK_BYTES):
        number += 1
        if number > skip:
            yield _chunk(chunk, ask)
        if len(chunk) < _CHUNK_BYTES:
            raise Damaged(message("the EVTX file is cut off"))


def _chunk(chunk: bytes, ask: Callable[[bytes], bytes | None]) -> EventChunk:
    whole = chunk.ljust(_CHUNK_BYTES, b"\0")
    if whole == _UNUSED:
        return EventChunk((), 0)
    answer = ask(whole)
    if answer is None:
        return EventChunk((), 1)
    records, faults = _COUNTS.unpack_from(answer)
    return EventChunk(tuple(answer[_COUNTS.size :].split(b"\n")) if records else (), faults)
