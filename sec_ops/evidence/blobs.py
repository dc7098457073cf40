"""Blobs: what entries point to, stored as cipher text under the digest of the plain bytes, a random key for each."""

import json
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sec_ops.evidence.files import Files
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.tree import HASHES
from sec_ops.model.canonical import canonical_line
from sec_ops.model.errors import EvidenceBroken, UsageError
from sec_ops.model.evidence import BlobReference, LowEntropy
from sec_ops.model.messages import message
from sec_ops.model.protocols import Randomness

__all__ = ["OpenedBlob", "PreparedBlob", "open_blob", "prepare_blob", "store_blobs"]

NONCE_BYTES = 12
SALT_BYTES = 32
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedBlob:
    """A blob ready to be stored: its reference, cipher text, and the line with key and salt."""

    reference: BlobReference
    cipher_text: bytes
    key_line: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBlob:
    """A blob read back and found to be what its digest says."""

    salt: bytes
    plain: bytes


def prepare_blob(data: bytes, media_type: str, randomness: Randomness) -> PreparedBlob:
    """Encrypt a blob with AES-256-GCM; `LowEntropy` bytes get a salt, and the digests are then of salt ‖ bytes."""
    salt = randomness(SALT_BYTES) if isinstance(data, LowEntropy) else b""
    salted = salt + data
    digests = {name: hash_(salted).hex() for name, hash_ in HASHES.items()}
    key, nonce = randomness(32), randomness(NONCE_BYTES)
    cipher_text = nonce + AESGCM(key).encrypt(nonce, bytes(data), digests["sha256"].encode())
    key_line = canonical_line({"v": 1, "cipher": "aes-256-gcm", "key": key.hex(), "salt": salt.hex()})
    reference = BlobReference(**digests, size=len(salted), mime=media_type)
    return PreparedBlob(reference=reference, cipher_text=cipher_text, key_line=key_line)


def store_blobs(layout: Layout, files: Files, blobs: list[PreparedBlob]) -> None:
    """Put blobs on disk, synced; one that is there and reads back well stays as it is. Under the writer's lock."""
    folders = set()
    for blob in {each.reference.sha256: each for each in blobs}.values():
        digest = blob.reference.sha256
        if _is_stored(layout, files, digest):
            continue
        for path, content in ((layout.blob_key(digest), blob.key_line), (layout.blob(digest), blob.cipher_text)):
            files.make_folder(path.parent)
            files.write(path, content)
            folders.add(path.parent)
    for folder in sorted(folders):
        files.sync_folder(folder)


def open_blob(layout: Layout, files: Files, digest: str) -> OpenedBlob:
    """Return a blob's plain bytes, verified against its digest.

    Raises UsageError when there is no such blob and EvidenceBroken when it is not what it was.
    """
    if not _DIGEST.fullmatch(digest):
        raise UsageError(message("not a SHA-256 in lower-case hex: {digest}", digest=digest))
    cipher_text, key_line = files.read(layout.blob(digest)), files.read(layout.blob_key(digest))
    if not cipher_text:
        raise UsageError(message("there is no blob {digest}", digest=digest), where=str(layout.blob(digest)))
    try:
        return _decrypted(digest, cipher_text, key_line)
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        what = message("blob {digest} does not open: its bytes or its key were changed", digest=digest)
        raise EvidenceBroken(what, where=str(layout.blob(digest)), why=type(error).__name__) from error


def _decrypted(digest: str, cipher_text: bytes, key_line: bytes) -> OpenedBlob:
    secret = json.loads(key_line)
    nonce, body = cipher_text[:NONCE_BYTES], cipher_text[NONCE_BYTES:]
    plain = AESGCM(bytes.fromhex(secret["key"])).decrypt(nonce, body, digest.encode())
    salt = bytes.fromhex(secret["salt"])
    if HASHES["sha256"](salt + plain).hex() != digest:
        raise ValueError("digest")
    return OpenedBlob(salt=salt, plain=plain)


def _is_stored(layout: Layout, files: Files, digest: str) -> bool:
    try:
        open_blob(layout, files, digest)
    except (UsageError, EvidenceBroken):
        return False
    return True
