"""Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

A note is text, an empty line, and lines `— <key name> <base64 of key id and signature>`. The key id is the first four
bytes of SHA-256 over name, line feed, signature type and public key.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.messages import message

__all__ = [
    "COSIGNATURE",
    "ED25519",
    "SM2",
    "Checkpoint",
    "Note",
    "NoteSignature",
    "checkpoint_text",
    "cosigned_text",
    "key_id",
    "origin_of",
    "parse_checkpoint",
    "parse_note",
    "valid_origin",
]

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
SM2 = b"\xffsm2-sm3"
"""Types without a number are 0xff and a longer name of their own."""

_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note; `signature` has no key id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line with its line end."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed text; the text ends with a line end, which is signed too."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the note as it stands in its file."""
        return (self.text + "\n" + "".join(each.line() for each in self.signatures)).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log says of itself: its name, its size, its root."""

    origin: str
    size: int
    root: bytes


def valid_origin(origin: str) -> bool:
    """Return whether a text can name a log and its keys: no spaces, no plus signs, ASCII."""
    return bool(_ORIGIN.fullmatch(origin))


def origin_of(origin: str, algorithm: str) -> str:
    """Return the origin line of one of the two trees of a log."""
    return origin if algorithm == "sha256" else f"{origin}/{algorithm}"


def key_id(name: str, type_: bytes, public_key: bytes) -> bytes:
    """Return the four bytes by which a signature line names its key."""
    return hashlib.sha256(name.encode() + b"\n" + type_ + public_key).digest()[:4]


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """Return the text that is signed."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def cosigned_text(text: str, seconds: int) -> bytes:
    """Return what a witness signs for a checkpoint's text at a time (seconds since 1970)."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def parse_note(data: bytes) -> Note:
    """Return the note in the bytes of a file; raises EvidenceBroken."""
    try:
        text, separator, tail = data.decode().rpartition("\n\n")
        lines = tail.split("\n")
        if not separator or lines.pop() != "" or not lines:
            raise ValueError("no signatures")
        return Note(text + "\n", tuple(_signature(line) for line in lines))
    except ValueError as error:
        raise EvidenceBroken(message("not a signed note: {reason}", reason=error)) from error


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint in a note's text; raises EvidenceBroken."""
    lines = text.split("\n")
    try:
        origin, size, root, end = lines
        if end or not _SIZE.fullmatch(size):
            raise ValueError("size")
        return Checkpoint(origin=origin, size=int(size), root=_decoded(root))
    except ValueError as error:
        raise EvidenceBroken(message("not a checkpoint: {reason}", reason=error)) from error


def _signature(line: str) -> NoteSignature:
    dash, name, encoded = line.split(" ")
    raw = _decoded(encoded)
    if dash != "—" or not valid_origin(name) or len(raw) < 5:
        raise ValueError("signature line")
    return NoteSignature(name, raw[:4], raw[4:])


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64")
    return raw
