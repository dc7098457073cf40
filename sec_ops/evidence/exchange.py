"""What site and witness hand each other on a stick: enrolment, request, cosignatures. Each is one JSON file."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, StrictInt, ValidationError

from sec_ops.evidence.keys import KeyRing
from sec_ops.model.canonical import canonical_line
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.evidence import KeyClosed, KeyCreated
from sec_ops.model.messages import message
from sec_ops.model.values import Value
from sec_ops.runtime.files import write_atomically

__all__ = ["CosignRequest", "Cosignatures", "Enrolment", "TreeTexts", "read_exchange", "write_exchange"]

MAX_BYTES = 4 * 1024 * 1024
Exchange = TypeVar("Exchange", bound=Value)


class TreeTexts(Value):
    """One text for each tree: a note, or a signature line."""

    sha256: str
    sm3: str


class TreeProofs(Value):
    """A consistency proof for each tree, hashes in hex."""

    sha256: tuple[str, ...]
    sm3: tuple[str, ...]


class Enrolment(Value):
    """From the witness to the site: its public key."""

    format: Literal["evlog-witness/1"] = "evlog-witness/1"
    name: str
    public_key: str = Field(description="SubjectPublicKeyInfo, DER, base64")


class CosignRequest(Value):
    """From the site to the witness: the newest checkpoint and why it follows the one the witness knows."""

    format: Literal["evlog-cosign-request/1"] = "evlog-cosign-request/1"
    origin: str
    old_size: StrictInt
    size: StrictInt
    notes: TreeTexts
    proofs: TreeProofs
    created: tuple[KeyCreated, ...]
    closed: tuple[KeyClosed, ...]

    @property
    def ring(self) -> KeyRing:
        """Return the key ring that came along."""
        return KeyRing(origin=self.origin, created=self.created, closed=self.closed)


class Cosignatures(Value):
    """From the witness to the site: a signature line for each note."""

    format: Literal["evlog-cosignatures/1"] = "evlog-cosignatures/1"
    origin: str
    size: StrictInt
    lines: TreeTexts


def write_exchange(path: Path, value: Value) -> None:
    """Write one file of the exchange; raises StorageError."""
    write_atomically(path, canonical_line(value.model_dump(mode="json")), mode=0o644)


def read_exchange(path: Path, kind: type[Exchange]) -> Exchange:
    """Return what a file of the exchange holds; raises UsageError without a file and ContentInvalid with all faults."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES)
    except OSError as error:
        raise UsageError(message("could not read {path}", path=path), why=error.strerror or "") from error
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise ContentInvalid([_fault(path, each["loc"], each["msg"]) for each in error.errors()]) from error


def _fault(path: Path, location: tuple[int | str, ...], reason: str) -> Fault:
    place = ".".join(str(part) for part in location)
    return Fault(file=str(path), line=0, path=place, message=message("{reason}", reason=reason))
