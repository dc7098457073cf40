"""Rotating and revoking keys; the paper anchor follows."""

import json
from pathlib import Path
from typing import Any

import pytest

from sec_ops.evidence import verify
from sec_ops.evidence.bundle import bundle
from sec_ops.evidence.keeping import revoke_key, rotate_keys
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.live import verify_live
from sec_ops.model.errors import UsageError
from tests.unit.evidence.bundles import Files, changed, report
from tests.unit.evidence.support import codes, doors, facts, faults, opened


def rotate(folder: Path) -> Any:
    return rotate_keys(Layout(folder), doors(), opened(folder).writer)


def revoke(folder: Path, digest: str) -> Any:
    return revoke_key(Layout(folder), doors(), opened(folder).writer, digest, "key was on a lost laptop")


def test_rotated_keys_follow_from_the_paper(folder: Path, trust: tuple[str, ...], tmp_path: Path) -> None:
    for number in range(3):
        log = opened(folder)
        log.append_many([facts(number)])
        anchor = rotate(folder)
        assert not set(trust) & {key.fingerprint for key in anchor.keys}
        assert all(key.fingerprint in (folder / "anchor.txt").read_text() for key in anchor.keys)
    found = verify_live(folder, trust, all_signatures="all").report()
    assert found["outcome"] == ["clean"]
    bundle(opened(folder), folder, run="run-1", output=tmp_path / "x.evz")
    assert report(tmp_path / "x.evz", trust, everything="all")["outcome"] == ["clean"]
    later = tuple(key.fingerprint for key in anchor.keys)
    assert not report(tmp_path / "x.evz", later)["anchored"], "the old entries were signed by keys not on this paper"


def test_a_revoked_key_needs_new_paper(folder: Path, trust: tuple[str, ...], tmp_path: Path) -> None:
    opened(folder).append_many([facts(1)])
    anchor = revoke(folder, trust[0])
    assert trust[1] in {key.fingerprint for key in anchor.keys}
    bundle(opened(folder), folder, run="run-1", output=tmp_path / "x.evz")
    assert report(tmp_path / "x.evz", (trust[0],))["outcome"] == ["incomplete"]
    both = (trust[0], next(key.fingerprint for key in anchor.keys if key.algorithm == "ed25519"))
    assert report(tmp_path / "x.evz", both)["anchored_trees"] == ["sha256"]
    assert faults(folder) == []


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_no_such_key(folder: Path, digest: str) -> None:
    before = (folder / "keys" / "keyring.json").read_bytes()
    with pytest.raises(UsageError, match="no open key"):
        revoke(folder, digest)
    assert (folder / "keys" / "keyring.json").read_bytes() == before


def test_a_signature_outside_the_keys_validity_is_named(folder: Path, trust: tuple[str, ...], tmp_path: Path) -> None:
    """Somebody with an old key signs on after it was closed."""
    opened(folder).append_many([facts(1)])
    rotate(folder)
    bundle(opened(folder), folder, run="run-1", output=tmp_path / "x.evz")

    def widen(files: Files, _manifest: dict[str, Any]) -> None:
        ring = json.loads(files["keyring.json"])
        ring["closed"][0]["valid_to"] = 2
        files["keyring.json"] = verify.ENCODE(ring).encode() + b"\n"

    assert {"signer", "ring", "signature"} <= codes(report(changed(tmp_path / "x.evz", widen, tmp_path / "y.evz")))

    def forget(files: Files, _manifest: dict[str, Any]) -> None:
        ring = json.loads(files["keyring.json"])
        ring["closed"] = []
        files["keyring.json"] = verify.ENCODE(ring).encode() + b"\n"

    assert "ring" in codes(report(changed(tmp_path / "x.evz", forget, tmp_path / "z.evz")))
