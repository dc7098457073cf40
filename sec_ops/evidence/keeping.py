"""Keeping the log's keys: making the first ones, rotating, revoking, enrolling a witness. Each step is logged."""

import secrets
from collections.abc import Sequence

from sec_ops.evidence.anchor import write_anchor
from sec_ops.evidence.drafts import AppendRequest
from sec_ops.evidence.keys import (
    Anchor,
    KeyRing,
    closed_record,
    created_record,
    key_fingerprint,
    load_ring,
    open_signer,
    save_ring,
)
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.notes import origin_of
from sec_ops.evidence.signers import Signer, fingerprint, make_ed25519, make_sm2
from sec_ops.evidence.writer import Doors, Writer
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import KeyClosed, KeyCreated
from sec_ops.model.messages import message

__all__ = ["ALGORITHM_NAMES", "enrol_witness", "first_ring", "revoke_key", "rotate_keys"]

ALGORITHM_NAMES = ("ed25519", "sm2")
_TREE_OF_KEY = {"ed25519": "sha256", "sm2": "sm3"}


def first_ring(layout: Layout, doors: Doors, origin: str) -> KeyRing:
    """Make the first pair of keys, each introduced by itself, and the ring that holds them."""
    created = [_new_key(layout, doors, origin, algorithm, 0, None) for algorithm in ALGORITHM_NAMES]
    ring = KeyRing(origin=origin, created=tuple(created), closed=())
    save_ring(layout, doors.files, ring)
    return ring


def rotate_keys(layout: Layout, doors: Doors, writer: Writer) -> Anchor:
    """Close both of the log's keys and go on with new ones, which the old ones introduce; raises EngineError."""
    with writer.exclusively() as state:
        writer.checkpoint_locked()
        ring, size = load_ring(layout, doors.files), state.size
        old = [ring.log_key(algorithm) for algorithm in ALGORITHM_NAMES]
        signers = [open_signer(layout, key, doors.run_program) for key in old]
        closed = [
            closed_record({**_closing(key, size, "rotated"), "note": ""}, signer)
            for key, signer in zip(old, signers, strict=True)
        ]
        created = [
            _new_key(layout, doors, ring.origin, algorithm, size + 1, signer)
            for algorithm, signer in zip(ALGORITHM_NAMES, signers, strict=True)
        ]
        return _log_change(layout, doors, writer, ring, created, closed)


def revoke_key(layout: Layout, doors: Doors, writer: Writer, digest: str, note: str) -> Anchor:
    """Close a key that is not to be trusted any more.

    A log key is closed by its sister and replaced by one that nothing introduces: it needs a new paper anchor. A
    witness's key is closed by the log's. Raises UsageError for a fingerprint that is no open key's.
    """
    with writer.exclusively() as state:
        writer.checkpoint_locked()
        ring = load_ring(layout, doors.files)
        key = _open_key(ring, digest)
        sister = ring.log_key("ed25519" if key.algorithm == "sm2" or key.role == "witness" else "sm2")
        signer = open_signer(layout, sister, doors.run_program)
        closed = closed_record({**_closing(key, state.size, "revoked"), "note": note}, signer)
        created = []
        if key.role == "log":
            created.append(_new_key(layout, doors, ring.origin, key.algorithm, state.size + 1, None))
        return _log_change(layout, doors, writer, ring, created, [closed])


def enrol_witness(layout: Layout, doors: Doors, writer: Writer, name: str, der: bytes) -> Anchor:
    """Put a witness's Ed25519 key into the ring, introduced by the log's, and onto the paper anchor."""
    with writer.exclusively() as state:
        ring = load_ring(layout, doors.files)
        if any(each.name == name or key_fingerprint(each) == fingerprint(der) for each in ring.created):
            raise UsageError(message("the key ring already has a key of the name or fingerprint of {name}", name=name))
        signer = open_signer(layout, ring.log_key("ed25519"), doors.run_program)
        parts = {"role": "witness", "algorithm": "ed25519", "name": name, "valid_from": state.size}
        return _log_change(layout, doors, writer, ring, [created_record(parts, der, signer)], [])


def _log_change(
    layout: Layout,
    doors: Doors,
    writer: Writer,
    ring: KeyRing,
    created: Sequence[KeyCreated],
    closed: Sequence[KeyClosed],
) -> Anchor:
    changed = KeyRing(origin=ring.origin, created=(*ring.created, *created), closed=(*ring.closed, *closed))
    # The ring first: a record without its entry is whole, an entry without its record would look like tampering.
    save_ring(layout, doors.files, changed)
    write_anchor(layout, doors.files, changed.anchor())
    writer.write_locked(
        [
            *(AppendRequest(kind=KeyClosed.kind, data=each.model_dump(mode="json")) for each in closed),
            *(AppendRequest(kind=KeyCreated.kind, data=each.model_dump(mode="json")) for each in created),
        ]
    )
    writer.checkpoint_locked()
    return changed.anchor()


def _open_key(ring: KeyRing, digest: str) -> KeyCreated:
    for key in (*ring.open_keys("log"), *ring.open_keys("witness")):
        if key_fingerprint(key) == digest:
            return key
    advice = message("the fingerprints are in anchor.txt")
    raise UsageError(message("no open key has the fingerprint {fingerprint}", fingerprint=digest), advice=advice)


def _closing(key: KeyCreated, size: int, reason: str) -> dict[str, object]:
    return {"fingerprint": key_fingerprint(key), "valid_to": size, "reason": reason}


def _new_key(
    layout: Layout, doors: Doors, origin: str, algorithm: str, valid_from: int, introducer: Signer | None
) -> KeyCreated:
    draft = layout.keys / f".{algorithm}-{secrets.token_hex(8)}.pem"
    doors.files.make_folder(layout.keys)
    signer: Signer = make_ed25519(draft) if algorithm == "ed25519" else make_sm2(draft, doors.run_program)
    der = signer.public_key()
    name = origin_of(origin, _TREE_OF_KEY[algorithm])
    parts = {"role": "log", "algorithm": algorithm, "name": name, "valid_from": valid_from}
    record = created_record(parts, der, introducer or signer)
    doors.files.sync(draft)
    doors.files.rename(draft, layout.keys / f"{algorithm}-{fingerprint(der)[:16]}.pem")
    doors.files.sync_folder(layout.keys)
    return record
