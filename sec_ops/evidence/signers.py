"""Who signs checkpoints: four methods, so that a signing device (SDF, PKCS#11) fits behind them too.

SM2 (GB/T 32918) goes through the `openssl` command: the private key stays in its file, 0600, and never enters
this process or an argument list. Software SM2 is compliant with the algorithm, not a certified module.
"""

import base64
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.protocols import Completed, RunProgram
from sec_ops.model.text import printable

__all__ = ["Ed25519Signer", "Signer", "Sm2Signer", "fingerprint", "make_ed25519", "make_sm2", "raw_public_key"]

_USER_ID = ("-sigopt", "distid:1234567812345678")
_RAW_BYTES = {"ed25519": 32, "sm2": 65}


class Signer(Protocol):
    """A key pair that signs; `sign` returns 64 bytes, for SM2 r ‖ s."""

    def public_key(self) -> bytes:
        """Return the public key as SubjectPublicKeyInfo in DER."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature over the data; raises EngineError."""
        ...

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Return whether the signature is this key's over the data."""
        ...

    def info(self) -> Mapping[str, str]:
        """Return algorithm, fingerprint and kind of the key's keeper."""
        ...


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a public key's DER in lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def raw_public_key(algorithm: str, der: bytes) -> bytes:
    """Return the key's own bytes at the end of its DER: 32 for Ed25519, 65 (04 ‖ x ‖ y) for SM2."""
    return der[-_RAW_BYTES[algorithm] :]


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """An Ed25519 key (RFC 8032) in a PEM file."""

    path: Path

    def public_key(self) -> bytes:
        """Return the public key as SubjectPublicKeyInfo in DER."""
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key().public_key().public_bytes(encoding, form)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over the data."""
        return self._key().sign(data)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Return whether the signature is this key's over the data."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key()[-32:]).verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def info(self) -> Mapping[str, str]:
        """Return algorithm, fingerprint and kind of the key's keeper."""
        return {"algorithm": "ed25519", "fingerprint": fingerprint(self.public_key()), "keeper": "file"}

    def _key(self) -> Ed25519PrivateKey:
        try:
            key = serialization.load_pem_private_key(self.path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            what = message("could not read the signing key {path}", path=self.path)
            raise EngineError(what, where=str(self.path), why=str(error)) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise EngineError(message("{path} holds another kind of key", path=self.path), where=str(self.path))
        return key


@dataclass(frozen=True, slots=True)
class Sm2Signer:
    """An SM2 key in a PEM file that only the `openssl` command reads."""

    path: Path
    run_program: RunProgram

    def public_key(self) -> bytes:
        """Return the public key as SubjectPublicKeyInfo in DER."""
        return self._openssl("pkey", "-in", str(self.path), "-pubout", "-outform", "DER").stdout

    def sign(self, data: bytes) -> bytes:
        """Return r ‖ s over the data, with SM3 and the user id 1234567812345678 (GB/T 35276)."""
        der = self._openssl("dgst", "-sm3", "-sign", str(self.path), *_USER_ID, stdin=data).stdout
        return _raw_signature(der)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Return whether the signature is this key's over the data, by `openssl`."""
        with tempfile.TemporaryDirectory(prefix="sec-ops-") as folder:
            key, written = Path(folder) / "key.pem", Path(folder) / "signature"
            key.write_bytes(_pem(self.public_key()))
            written.write_bytes(_der_signature(signature))
            arguments = ("dgst", "-sm3", "-verify", str(key), *_USER_ID, "-signature", str(written))
            return self._run(arguments, data).exit_code == 0

    def info(self) -> Mapping[str, str]:
        """Return algorithm, fingerprint and kind of the key's keeper."""
        return {"algorithm": "sm2", "fingerprint": fingerprint(self.public_key()), "keeper": "openssl"}

    def _openssl(self, *arguments: str, stdin: bytes = b"") -> Completed:
        return _succeeded(self._run(arguments, stdin))

    def _run(self, arguments: tuple[str, ...], stdin: bytes) -> Completed:
        return self.run_program(("openssl", *arguments), stdin=stdin, deadline_seconds=30)


def make_ed25519(path: Path) -> Ed25519Signer:
    """Make a new key in a file that must not be there yet."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(pem)
    return Ed25519Signer(path)


def make_sm2(path: Path, run_program: RunProgram) -> Sm2Signer:
    """Make a new key in a file that must not be there yet; raises EngineError when `openssl` can't."""
    path.touch(mode=0o600, exist_ok=False)
    arguments = ("openssl", "genpkey", "-algorithm", "SM2", "-out", str(path))
    _succeeded(run_program(arguments, deadline_seconds=30))
    return Sm2Signer(path, run_program)


def _succeeded(completed: Completed) -> Completed:
    if completed.exit_code != 0:
        reason = printable(completed.stderr.decode(errors="replace").strip())
        advice = message("SM2 needs OpenSSL 3: openssl version")
        raise ProgramFailed(message("openssl could not handle the SM2 key"), why=reason, advice=advice)
    return completed


def _pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN PUBLIC KEY-----\n" + body + b"-----END PUBLIC KEY-----\n"


def _raw_signature(der: bytes) -> bytes:
    parts, rest = [], der[2:]
    while rest:
        length = rest[1]
        parts.append(int.from_bytes(rest[2 : 2 + length]).to_bytes(32))
        rest = rest[2 + length :]
    return b"".join(parts)


def _der_signature(raw: bytes) -> bytes:
    numbers = [int.from_bytes(raw[start : start + 32]) for start in (0, 32)]
    encoded = [number.to_bytes(number.bit_length() // 8 + 1) for number in numbers]
    body = b"".join(bytes([2, len(each)]) + each for each in encoded)
    return bytes([0x30, len(body)]) + body
