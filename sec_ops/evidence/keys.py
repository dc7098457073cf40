"""The key ring: which public key may sign which sizes of the log, who introduced it, who closed it.

Every record is signed by the key it names and stands in the log as an entry too, so that a ring that was changed
afterwards contradicts the log.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sec_ops.evidence.files import Files
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.signers import Ed25519Signer, Signer, Sm2Signer, fingerprint, raw_public_key
from sec_ops.model.canonical import canonical_json, canonical_line
from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.evidence import KeyClosed, KeyCreated
from sec_ops.model.messages import message
from sec_ops.model.protocols import RunProgram

__all__ = [
    "Anchor",
    "AnchorKey",
    "KeyRing",
    "closed_record",
    "created_record",
    "key_bytes",
    "key_fingerprint",
    "load_ring",
    "open_signer",
    "parsed_ring",
    "save_ring",
]

_STATEMENT = b"evlog-key/1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorKey:
    """One line of the paper anchor."""

    role: str
    algorithm: str
    fingerprint: str

    def document(self) -> dict[str, str]:
        """Return the line as JSON shows it."""
        return {"role": self.role, "algorithm": self.algorithm, "fingerprint": self.fingerprint}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What goes on paper: the log's name and the fingerprints of its open keys and witnesses."""

    origin: str
    keys: tuple[AnchorKey, ...]

    def document(self) -> list[dict[str, str]]:
        """Return the list `anchor` of JSON documents."""
        return [key.document() for key in self.keys]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """All public keys a log ever had."""

    origin: str
    created: tuple[KeyCreated, ...]
    closed: tuple[KeyClosed, ...]

    def open_keys(self, role: str) -> list[KeyCreated]:
        """Return the keys of a role that may still sign."""
        closed = {record.fingerprint for record in self.closed}
        return [key for key in self.created if key.role == role and key_fingerprint(key) not in closed]

    def log_key(self, algorithm: str) -> KeyCreated:
        """Return the log's own open key; raises EvidenceBroken when there is none."""
        found = [key for key in self.open_keys("log") if key.algorithm == algorithm]
        if not found:
            what = message("the key ring has no open {algorithm} key", algorithm=algorithm)
            raise EvidenceBroken(what, advice=message("make one: sec-ops evidence key rotate"))
        return found[-1]

    def anchor(self) -> Anchor:
        """Return what belongs on paper now."""
        keys = [*self.open_keys("log"), *self.open_keys("witness")]
        lines = (AnchorKey(role=k.role, algorithm=k.algorithm, fingerprint=key_fingerprint(k)) for k in keys)
        return Anchor(origin=self.origin, keys=tuple(lines))

    def document(self) -> dict[str, Any]:
        """Return the ring as it stands in its file and in bundles."""
        created = [record.model_dump(mode="json") for record in self.created]
        closed = [record.model_dump(mode="json") for record in self.closed]
        return {"v": 1, "origin": self.origin, "created": created, "closed": closed}


def key_fingerprint(key: KeyCreated) -> str:
    """Return the fingerprint of a ring's key."""
    return fingerprint(base64.b64decode(key.public_key))


def key_bytes(key: KeyCreated) -> bytes:
    """Return the raw public key of a ring's key."""
    return raw_public_key(key.algorithm, base64.b64decode(key.public_key))


def created_record(parts: Mapping[str, Any], der: bytes, signer: Signer) -> KeyCreated:
    """Return a record of a new key, signed by the key that introduces it."""
    public_key = base64.b64encode(der).decode()
    introduced_by = fingerprint(signer.public_key())
    unsigned = {**parts, "public_key": public_key, "introduced_by": introduced_by}
    return KeyCreated(**unsigned, signature=_signed(unsigned, signer))


def closed_record(parts: Mapping[str, Any], signer: Signer) -> KeyClosed:
    """Return a record that closes a key, signed by the key that closes it."""
    unsigned = {**parts, "closed_by": fingerprint(signer.public_key())}
    return KeyClosed(**unsigned, signature=_signed(unsigned, signer))


def load_ring(layout: Layout, files: Files) -> KeyRing:
    """Return the key ring of a log; raises EvidenceBroken when there is none or it can't be read."""
    try:
        return parsed_ring(json.loads(files.read(layout.key_ring)))
    except (ValueError, KeyError, TypeError) as error:
        what = message("there is no readable key ring at {path}", path=layout.key_ring)
        advice = message("a new log is made by: sec-ops evidence key init")
        raise EvidenceBroken(what, where=str(layout.key_ring), why=str(error), advice=advice) from error


def parsed_ring(document: Mapping[str, Any]) -> KeyRing:
    """Return the ring in a document; raises ValueError, KeyError or TypeError."""
    created = tuple(KeyCreated.model_validate(each) for each in document["created"])
    closed = tuple(KeyClosed.model_validate(each) for each in document["closed"])
    return KeyRing(origin=str(document["origin"]), created=created, closed=closed)


def save_ring(layout: Layout, files: Files, ring: KeyRing) -> None:
    """Put the key ring on disk."""
    files.write(layout.key_ring, canonical_line(ring.document()))
    files.sync_folder(layout.keys)


def open_signer(layout: Layout, key: KeyCreated, run_program: RunProgram) -> Signer:
    """Return the signer of one of the log's own keys."""
    path = layout.keys / f"{key.algorithm}-{key_fingerprint(key)[:16]}.pem"
    return Ed25519Signer(path) if key.algorithm == "ed25519" else Sm2Signer(path, run_program)


def _signed(unsigned: Mapping[str, Any], signer: Signer) -> str:
    return base64.b64encode(signer.sign(_STATEMENT + canonical_json(unsigned))).decode()
