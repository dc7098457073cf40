"""SM2, SM3 and Ed25519: our pure verifier, `openssl`, `gmalg` and `cryptography` must agree."""

import os
import secrets
from pathlib import Path

import gmalg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.evidence import verify
from sec_ops.evidence.signers import Ed25519Signer, Signer, Sm2Signer, fingerprint, make_ed25519, make_sm2
from sec_ops.evidence.tree import HASHES, _library_sm3
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.transport.process import run_program

USER = b"1234567812345678"


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Signer]:
    folder = tmp_path_factory.mktemp("keys")
    return {"ed25519": make_ed25519(folder / "one.pem"), "sm2": make_sm2(folder / "two.pem", run_program)}


def pure(signer: Signer, data: bytes, signature: bytes) -> bool:
    if signer.info()["algorithm"] == "ed25519":
        return verify.ed25519_verify(signer.public_key()[-32:], data, signature)
    return verify.sm2_verify(signer.public_key()[-65:], data, signature)


@pytest.mark.parametrize("algorithm", ["ed25519", "sm2"])
def test_what_is_signed_verifies_both_ways(signers: dict[str, Signer], algorithm: str) -> None:
    signer = signers[algorithm]
    for data in (b"", b"checkpoint\n", os.urandom(1000)):
        signature = signer.sign(data)
        assert len(signature) == 64
        assert signer.verify(data, signature)
        assert pure(signer, data, signature)
        for wrong in (data + b"x", b"other"):
            assert not signer.verify(wrong, signature)
            assert not pure(signer, wrong, signature)
    assert signer.info()["fingerprint"] == fingerprint(signer.public_key())


@pytest.mark.parametrize("algorithm", ["ed25519", "sm2"])
def test_every_changed_byte_of_a_signature_is_refused(signers: dict[str, Signer], algorithm: str) -> None:
    signer = signers[algorithm]
    signature = signer.sign(b"data")
    for place in range(64):
        broken = bytearray(signature)
        broken[place] ^= 1 << place % 8
        assert not pure(signer, b"data", bytes(broken))


def test_gmalg_accepts_what_openssl_signed(signers: dict[str, Signer]) -> None:
    signer = signers["sm2"]
    signature = signer.sign(b"checkpoint")
    reference = gmalg.SM2(uid=USER, pk=signer.public_key()[-65:])
    assert reference.verify(b"checkpoint", signature[:32], signature[32:])


def test_openssl_and_the_verifier_accept_what_gmalg_signed(tmp_path: Path) -> None:
    secret, public = gmalg.SM2().generate_keypair()
    r, s = gmalg.SM2(sk=secret, uid=USER, pk=public).sign(b"checkpoint")
    signature = r.rjust(32, b"\0") + s.rjust(32, b"\0")
    assert verify.sm2_verify(public, b"checkpoint", signature)
    assert not verify.sm2_verify(public, b"checkpoint!", signature)


@pytest.mark.parametrize("change", ["s_zero", "r_zero", "r_large", "short", "off_curve", "compressed"])
def test_sm2_refuses_what_is_no_signature(signers: dict[str, Signer], change: str) -> None:
    signer = signers["sm2"]
    key, signature = signer.public_key()[-65:], signer.sign(b"data")
    order = verify.SM2_N.to_bytes(32, "big")
    changed = {
        "s_zero": (key, signature[:32] + bytes(32)),
        "r_zero": (key, bytes(32) + signature[32:]),
        "r_large": (key, order + signature[32:]),
        "short": (key, signature[:63]),
        "off_curve": (key[:64] + bytes([key[64] ^ 1]), signature),
        "compressed": (b"\x02" + key[1:], signature),
    }[change]
    assert not verify.sm2_verify(changed[0], b"data", changed[1])


def test_ed25519_refuses_a_large_s(signers: dict[str, Signer]) -> None:
    signer = signers["ed25519"]
    signature = signer.sign(b"data")
    larger = int.from_bytes(signature[32:], "little") + verify.L25519
    assert not pure(signer, b"data", signature[:32] + larger.to_bytes(32, "little"))


def test_rfc_8032_vector() -> None:
    key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert verify.ed25519_verify(key, b"\x72", signature)


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=200))
def test_ed25519_agrees_with_the_library(data: bytes) -> None:
    key = Ed25519PrivateKey.generate()
    assert verify.ed25519_verify(key.public_key().public_bytes_raw(), data, key.sign(data))


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_vectors_of_the_standard(data: bytes, digest: str) -> None:
    assert verify.slow_sm3(data).hex() == HASHES["sm3"](data).hex() == _library_sm3(data).hex() == digest


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_all_sm3_agree(data: bytes) -> None:
    reference = gmalg.SM3()
    reference.update(data)
    assert verify.slow_sm3(data) == HASHES["sm3"](data) == reference.value()


@pytest.mark.parametrize("make", ["ed25519", "sm2"])
def test_private_keys_are_for_their_owner_only(tmp_path: Path, make: str) -> None:
    path = tmp_path / "key.pem"
    old = os.umask(0)
    try:
        make_ed25519(path) if make == "ed25519" else make_sm2(path, run_program)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_ed25519(path) if make == "ed25519" else make_sm2(path, run_program)


def test_the_private_sm2_key_is_in_no_argument(tmp_path: Path) -> None:
    seen: list[str] = []

    def watching(arguments, **more):
        seen.extend(arguments)
        return run_program(arguments, **more)

    signer = make_sm2(tmp_path / "key.pem", watching)
    signer.sign(b"data")
    body = "".join((tmp_path / "key.pem").read_text().split("\n")[1:-2])
    assert seen
    assert not any(body[:20] in argument for argument in seen)


def test_a_key_that_is_none_is_an_engine_error(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(secrets.token_bytes(50))
    with pytest.raises(ProgramFailed):
        Sm2Signer(path, run_program).sign(b"data")
    with pytest.raises(EngineError):
        Ed25519Signer(path).sign(b"data")
