"""Statements: documents that travel without the log, signed by its keys, checked with the fingerprints on paper.

Signed is the pre-authentication encoding of DSSE 1.0 (type and bytes), so that no statement can pass for a checkpoint.
The envelope carries the key ring, so that a key made after the paper is followed to one that is on it.
"""

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass

from sec_ops.evidence.files import Files
from sec_ops.evidence.keys import KeyRing, key_fingerprint, load_ring, open_signer, parsed_ring
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.ring_trust import is_trusted, signature_holds
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.messages import message
from sec_ops.model.protocols import RunProgram

__all__ = ["Statement", "read_statement", "sign_statement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement whose signatures hold; `trusted` are the fingerprints of its keys that lead to paper."""

    type: str
    payload: bytes
    origin: str
    trusted: tuple[str, ...]


def sign_statement(layout: Layout, files: Files, run_program: RunProgram, *, type_: str, payload: bytes) -> bytes:
    """Return the envelope as one line of JSON, signed by each open key of the log; raises EngineError."""
    ring = load_ring(layout, files)
    signed = _encoded(type_, payload)
    signatures = [
        {"keyid": key_fingerprint(key), "sig": _text(open_signer(layout, key, run_program).sign(signed))}
        for key in ring.open_keys("log")
    ]
    return canonical_json(
        {"payload": _text(payload), "payloadType": type_, "signatures": signatures, "keyring": ring.document()}
    )


def read_statement(envelope: bytes, trust: Collection[str]) -> Statement:
    """Return what an envelope says; raises EvidenceBroken unless every signature holds and there is one at least.

    A key counts as trusted when it is among `trust`, or was introduced by one that is, and was not revoked.
    """
    try:
        document = json.loads(envelope)
        type_, payload = str(document["payloadType"]), base64.b64decode(document["payload"], validate=True)
        ring = parsed_ring(document["keyring"])
        signatures = {each["keyid"]: base64.b64decode(each["sig"], validate=True) for each in document["signatures"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceBroken(message("not a signed statement: {reason}", reason=error)) from error
    keys = {key_fingerprint(key): key for key in ring.created if key.role == "log"}
    for fingerprint, signature in signatures.items():
        key = keys.get(fingerprint)
        if key is None or not signature_holds(key, _encoded(type_, payload), signature):
            raise EvidenceBroken(message("the signature of {fingerprint} does not hold", fingerprint=fingerprint))
    if not signatures:
        raise EvidenceBroken(message("not a signed statement: {reason}", reason="signatures"))
    revoked = _revoked(ring)
    papers = frozenset(trust)
    trusted = [
        name for name in sorted(signatures) if name not in revoked and is_trusted(ring, keys[name], papers - revoked)
    ]
    return Statement(type=type_, payload=payload, origin=ring.origin, trusted=tuple(trusted))


def _revoked(ring: KeyRing) -> frozenset[str]:
    return frozenset(record.fingerprint for record in ring.closed if record.reason == "revoked")


def _encoded(type_: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding of DSSE 1.0."""
    kind = type_.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
