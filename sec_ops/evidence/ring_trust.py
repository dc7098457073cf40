"""Which keys of a ring are to be trusted, given the fingerprints on paper; the same rules as in `verify.py`."""

import base64

from sec_ops.evidence.keys import KeyRing, key_bytes, key_fingerprint
from sec_ops.evidence.verify import ed25519_verify, sm2_verify
from sec_ops.model.canonical import canonical_json
from sec_ops.model.evidence import KeyCreated

__all__ = ["is_trusted", "signature_holds", "valid_at"]


def signature_holds(key: KeyCreated, data: bytes, signature: bytes) -> bool:
    """Return whether a key of the ring signed the data."""
    check = ed25519_verify if key.algorithm == "ed25519" else sm2_verify
    return check(key_bytes(key), data, signature)


def valid_at(ring: KeyRing, key: KeyCreated, size: int) -> bool:
    """Return whether a key may sign the log at a size."""
    ends = [record.valid_to for record in ring.closed if record.fingerprint == key_fingerprint(key)]
    return key.valid_from <= size and all(size <= end for end in ends)


def is_trusted(ring: KeyRing, key: KeyCreated, trust: frozenset[str]) -> bool:
    """Return whether a key is on paper, or was introduced in time by a key of its kind that is."""
    if key_fingerprint(key) in trust:
        return True
    for by in ring.created:
        follows = (by.role, by.algorithm) == (key.role, key.algorithm) and by.valid_from < key.valid_from
        if key_fingerprint(by) == key.introduced_by and follows and valid_at(ring, by, key.valid_from - 1):
            return _introduces(by, key) and is_trusted(ring, by, trust)
    return False


def _introduces(by: KeyCreated, key: KeyCreated) -> bool:
    unsigned = key.model_dump(mode="json", exclude={"signature"})
    return signature_holds(by, b"evlog-key/1\n" + canonical_json(unsigned), base64.b64decode(key.signature))
