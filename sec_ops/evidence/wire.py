"""How a process speaks to the writer service: a length, a JSON header, then the bytes of the blobs it announces."""

import json
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sec_ops.model.errors import (
    ContentInvalid,
    EngineError,
    EvidenceBroken,
    Fault,
    ProgramFailed,
    ProgramMissing,
    SecOpsError,
    StorageError,
    UsageError,
)
from sec_ops.model.messages import Message

__all__ = ["MAX_FRAME_BYTES", "connect", "error_document", "raise_error", "receive", "send", "short_path"]

MAX_FRAME_BYTES = 512 * 1024 * 1024
_LENGTH = struct.Struct(">I")
_ERRORS: Mapping[str, type[SecOpsError]] = {
    error.__name__: error
    for error in (UsageError, StorageError, EvidenceBroken, EngineError, ProgramFailed, ProgramMissing)
}


def send(peer: socket.socket, header: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Send one frame; raises OSError."""
    document = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}).encode()
    peer.sendall(_LENGTH.pack(len(document)) + document)
    for blob in blobs:
        peer.sendall(blob)


def receive(peer: socket.socket) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return one frame, or nothing when the peer has hung up between frames; raises OSError and ValueError."""
    start = _exactly(peer, _LENGTH.size)
    if not start:
        return None
    header = json.loads(_exactly(peer, _bounded(_LENGTH.unpack(start)[0])))
    sizes = [int(size) for size in header["blobs"]]
    _bounded(sum(sizes))
    return header, [_exactly(peer, size) for size in sizes]


def error_document(error: SecOpsError) -> dict[str, Any]:
    """Return an error as it crosses the socket."""
    faults = error.faults if isinstance(error, ContentInvalid) else ()
    return {
        "name": type(error).__name__,
        "what": _message_document(error.what),
        "where": error.where,
        "why": error.why,
        "advice": _message_document(error.advice) if error.advice else None,
        "faults": [[each.file, each.line, each.path, _message_document(each.message)] for each in faults],
    }


def raise_error(document: Mapping[str, Any]) -> None:
    """Raise the error that the service met."""
    what = _message(document["what"])
    if document["name"] == ContentInvalid.__name__:
        faults = [Fault(file=f, line=n, path=p, message=_message(text)) for f, n, p, text in document["faults"]]
        raise ContentInvalid(faults, what=what)
    advice = _message(document["advice"]) if document["advice"] else None
    kind = _ERRORS.get(document["name"], EngineError)
    raise kind(what, where=document["where"], why=document["why"], advice=advice)


def connect(path: Path) -> socket.socket | None:
    """Return a connection to the service, or nothing when none answers."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_path(path) as address:
            peer.connect(address)
    except OSError:
        peer.close()
        return None
    return peer


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Give a name for a socket that is short enough for the system, however deep its folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _exactly(peer: socket.socket, size: int) -> bytes:
    parts, left = [], size
    while left:
        part = peer.recv(min(left, 1 << 20))
        if not part:
            if left == size:
                return b""
            raise ConnectionResetError("the peer hung up in the middle of a frame")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _bounded(size: int) -> int:
    if size > MAX_FRAME_BYTES:
        raise ValueError("frame too large")
    return size


def _message_document(text: Message) -> list[Any]:
    return [text.text, {name: value if isinstance(value, int) else str(value) for name, value in text.values.items()}]


def _message(document: Sequence[Any]) -> Message:
    return Message(document[0], document[1])
