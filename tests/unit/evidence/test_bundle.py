"""What a bundle holds, and that the verifier names whatever was done to it."""

import functools
import io
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sec_ops.evidence import verify
from sec_ops.evidence.bundle import bundle
from sec_ops.evidence.keys import Anchor
from sec_ops.model.errors import EvidenceBroken, StorageError, UsageError
from tests.unit.evidence.bundles import (
    Files,
    changed,
    entries,
    manifest_of,
    packed,
    put_entries,
    report,
    small_bundle,
    unpacked,
)
from tests.unit.evidence.support import codes, facts, opened


@pytest.fixture(scope="module")
def sealed(made_log: tuple[Path, Anchor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle of one small run; never changed by a test."""
    place = tmp_path_factory.mktemp("bundle")
    folder = Path(shutil.copytree(made_log[0], place / "evidence"))
    small_bundle(folder, place / "small.evz")
    return place / "small.evz"


def test_a_sound_bundle(sealed: Path, trust: tuple[str, ...]) -> None:
    found = report(sealed, trust)
    assert found["faults"] == found["not_checked"] == []
    assert found["ok"]
    assert found["anchored"]
    assert found["outcome"] == ["clean"]
    assert found["entries"] == found["unwitnessed_entries"] == 7
    assert found["anchored_trees"] == ["sha256", "sm3"]


@pytest.mark.parametrize("number", [0, 1])
def test_one_fingerprint_is_enough(sealed: Path, trust: tuple[str, ...], number: int) -> None:
    found = report(sealed, (trust[number],))
    assert found["outcome"] == ["clean"]
    assert found["anchored_trees"] == [["sha256", "sm3"][number]]


@pytest.mark.parametrize("given", [(), ("0" * 64,)])
def test_without_the_right_fingerprint_the_origin_is_open(sealed: Path, given: tuple[str, ...]) -> None:
    found = report(sealed, given)
    assert found["outcome"] == ["incomplete"]
    assert found["ok"]
    assert not found["anchored"]


def test_a_witness_that_is_required_and_missing_is_a_fault(sealed: Path, trust: tuple[str, ...]) -> None:
    assert codes(report(sealed, trust, witness="yes")) == {"witness"}


def test_what_lies_in_a_bundle(sealed: Path) -> None:
    files, manifest = unpacked(sealed), manifest_of(sealed)
    plain = {content for name, content in files.items() if name.startswith("blobs/")}
    assert plain == {b"facts of host one\n", b"facts of host two\n", b"yes"}
    assert len(manifest["salts"]) == 1
    assert [entry["kind"] for entry in entries(files)][-1] == "evidence.export/1"
    assert files["verify.py"] == Path(verify.__file__).read_bytes()
    assert "核验".encode() in files["README.html"]
    assert b"Python 3.8" in files["README.html"]


def test_equal_content_is_equal_bytes(folder: Path, tmp_path: Path) -> None:
    first = small_bundle(folder, tmp_path / "one.evz")
    again = bundle(opened(folder), folder, run="run-1", output=tmp_path / "two.evz")
    assert (first.first, first.end) == (again.first, again.end)
    assert (tmp_path / "one.evz").read_bytes() == (tmp_path / "two.evz").read_bytes()


def test_bundles_follow_each_other_without_a_gap(folder: Path, tmp_path: Path, trust: tuple[str, ...]) -> None:
    first = small_bundle(folder, tmp_path / "one.evz")
    log = opened(folder)
    log.append_many([facts(4, "run-2"), facts(5, "run-3")])
    second = bundle(log, folder, run="run-3", output=tmp_path / "two.evz")
    assert second.first == first.end
    assert report(tmp_path / "two.evz", trust)["outcome"] == ["clean"]
    older = bundle(log, folder, run="run-1", output=tmp_path / "three.evz")
    assert older.first == 0
    assert report(tmp_path / "three.evz", trust)["outcome"] == ["clean"]


def test_a_run_brings_the_facts_it_judged_again(folder: Path, tmp_path: Path, trust: tuple[str, ...]) -> None:
    log = opened(folder)
    log.append_many([facts(1, "run-1", blob=b"facts")])
    small = {"level": 3, "judged_from": "run-1"}
    log.append("audit.run/1", {"run": "run-2", **small}, blob=b"verdicts")
    made = bundle(log, folder, run="run-2", output=tmp_path / "x.evz")
    assert (made.first, made.blobs) == (0, 2)
    assert report(tmp_path / "x.evz", trust)["outcome"] == ["clean"]


def test_an_unknown_run_and_a_missing_folder(folder: Path, tmp_path: Path) -> None:
    log = opened(folder)
    with pytest.raises(UsageError, match="no entry of run"):
        bundle(log, folder, run="run-9", output=tmp_path / "x.evz")
    log.append_many([facts(1)])
    with pytest.raises(StorageError):
        bundle(log, folder, run="run-1", output=tmp_path / "none" / "x.evz")


def test_a_blob_that_was_changed_is_not_exported(folder: Path, tmp_path: Path) -> None:
    log = opened(folder)
    log.append_many([facts(1, blob=b"facts")])
    path = next(path for path in (folder / "blobs").rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(EvidenceBroken):
        bundle(log, folder, run="run-1", output=tmp_path / "x.evz")
    assert not (tmp_path / "x.evz").exists()


def test_every_flipped_byte_is_named(sealed: Path) -> None:
    """Every byte of the bundle, but of the two long pages inside only some: one CRC covers each of them whole."""
    whole = bytearray(sealed.read_bytes())
    pages = [whole.index(unpacked(sealed)[name]) for name in ("README.html", "verify.py")]
    inside = [range(start + 99, start + 4900) for start in pages] + [range(pages[1] + 5000, pages[1] + 15_000)]
    sound = []
    for place in range(len(whole)):
        if place % 50 and any(place in part for part in inside):
            continue
        whole[place] ^= 1 << place % 8
        try:
            verify.Bundle(io.BytesIO(whole))
            sound.append(place)
        except (ValueError, KeyError):
            pass
        whole[place] ^= 1 << place % 8
    assert sound == []


@pytest.mark.parametrize("kept", [0, 1, 21, 22, 100, 5000, -23, -1])
def test_every_truncation_is_named(sealed: Path, trust: tuple[str, ...], tmp_path: Path, kept: int) -> None:
    (tmp_path / "cut.evz").write_bytes(sealed.read_bytes()[:kept])
    assert codes(report(tmp_path / "cut.evz", trust)) == {"form"}


def test_appended_bytes_are_named(sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "long.evz").write_bytes(sealed.read_bytes() + b"\0")
    assert codes(report(tmp_path / "long.evz")) == {"form"}


def _edit(number: int, **more: Any) -> Callable[[Files, dict[str, Any]], None]:
    def change(files: Files, _manifest: dict[str, Any]) -> None:
        listed = entries(files)
        listed[number].update(more)
        put_entries(files, listed)

    return change


def _drop(number: int) -> Callable[[Files, dict[str, Any]], None]:
    def change(files: Files, _manifest: dict[str, Any]) -> None:
        listed = entries(files)
        del listed[number]
        put_entries(files, listed)

    return change


def _cut_to_first_checkpoint(files: Files, manifest: dict[str, Any]) -> None:
    put_entries(files, entries(files)[:3])
    for name in [name for name in files if name.startswith(("blobs/", "checkpoints/000000000007"))]:
        del files[name]
    manifest.update(end=3, salts={})


def _without(*beginnings: str) -> Callable[[Files, dict[str, Any]], None]:
    def change(files: Files, _manifest: dict[str, Any]) -> None:
        for name in [name for name in files if name.startswith(beginnings)]:
            del files[name]

    return change


def _replace(name: str, old: bytes, new: bytes) -> Callable[[Files, dict[str, Any]], None]:
    def change(files: Files, _manifest: dict[str, Any]) -> None:
        path = next(path for path in files if path.startswith(name) and old in files[path])
        files[path] = files[path].replace(old, new, 1)

    return change


def _without_one_blob(files: Files, _manifest: dict[str, Any]) -> None:
    del files[next(name for name in files if name.startswith("blobs/"))]


def _another_blob(files: Files, _manifest: dict[str, Any]) -> None:
    files["blobs/" + "0" * 64] = b"planted"


def _note_of_other_size(files: Files, _manifest: dict[str, Any]) -> None:
    files["checkpoints/000000000007/sm3.note"] = files["checkpoints/000000000003/sm3.note"]


def _swapped_signature(files: Files, _manifest: dict[str, Any]) -> None:
    old, new = (files[f"checkpoints/{size:012d}/sha256.note"] for size in (3, 7))
    files["checkpoints/000000000007/sha256.note"] = new.rpartition(b"\n\n")[0] + b"\n\n" + old.rpartition(b"\n\n")[2]


def _longer_validity(files: Files, _manifest: dict[str, Any]) -> None:
    ring = json.loads(files["keyring.json"])
    ring["created"][0]["valid_from"] = 1
    files["keyring.json"] = verify.ENCODE(ring).encode() + b"\n"


def _spaced_line(files: Files, _manifest: dict[str, Any]) -> None:
    files["entries.jsonl"] = files["entries.jsonl"].replace(b'"kind":', b'"kind": ', 1)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (_edit(4, actor="somebody else"), "root"),
        (_edit(4, seq=9), "sequence"),
        (_edit(4, extra=1), "line"),
        (_edit(4, v=2), "line"),
        (_drop(4), "sequence"),
        (_drop(6), "size"),
        (_cut_to_first_checkpoint, "end"),
        (_without("checkpoints/000000000007/"), "end"),
        (_without("checkpoints/000000000007/sm3"), "size"),
        (_without("keyring.json"), "form"),
        (_without("entries.jsonl"), "form"),
        (_without("verify.py"), "form"),
        (_without_one_blob, "blob"),
        (_another_blob, "blob"),
        (_replace("blobs/", b"facts", b"facto"), "blob"),
        (_replace("verify.py", b"import", b"imporT"), "blob"),
        (_replace("README.html", b"Python", b"python"), "blob"),
        (_replace("entries.jsonl", b"host-1", b"host-9"), "root"),
        (_replace("entries.jsonl", b"host-1", b"host-9"), "chain"),
        (_replace("checkpoints/000000000007/sha256", b"city\n", b"citx\n"), "form"),
        (_replace("checkpoints/000000000007/sm3", b"\n7\n", b"\n07\n"), "form"),
        (_note_of_other_size, "size"),
        (_swapped_signature, "signature"),
        (_longer_validity, "signature"),
        (_longer_validity, "ring"),
        (_spaced_line, "line"),
        (lambda files, manifest: manifest.update(first=1), "form"),
        (lambda files, manifest: manifest.update(end=6), "end"),
        (lambda files, manifest: manifest.update(origin="other"), "form"),
        (lambda files, manifest: manifest.update(salts={}), "blob"),
        (lambda files, manifest: manifest.update(consistency={}), "form"),
        (lambda files, manifest: manifest.update(consistency={"sha256": ["00"], "sm3": ["00"]}), "form"),
        (lambda files, manifest: manifest.update(extra=1), "end"),
        (lambda files, manifest: manifest.pop("salts"), "form"),
    ],
)
def test_a_forger_who_mends_the_manifest_is_named(
    sealed: Path, trust: tuple[str, ...], tmp_path: Path, change: Any, wanted: str
) -> None:
    found = report(changed(sealed, change, tmp_path / "forged.evz"), trust)
    assert wanted in codes(found)
    assert found["outcome"] == ["evidence_broken"]
    assert not found["anchored"]
    assert not found["ok"]


def test_a_wrong_consistency_proof_is_named(folder: Path, trust: tuple[str, ...], tmp_path: Path) -> None:
    small_bundle(folder, tmp_path / "one.evz")
    log = opened(folder)
    log.append_many([facts(4, "run-2"), facts(5, "run-2")])
    bundle(log, folder, run="run-2", output=tmp_path / "two.evz")

    def proof(_files: Files, manifest: dict[str, Any]) -> None:
        manifest["consistency"]["sha256"][0] = "00" * 32

    assert "root" in codes(report(changed(tmp_path / "two.evz", proof, tmp_path / "y.evz"), trust))
    without = _without("checkpoints/000000000007")
    assert codes(report(changed(tmp_path / "two.evz", without, tmp_path / "z.evz"), trust)) == {"form"}


def test_a_log_made_again_with_other_keys_is_not_anchored(trust: tuple[str, ...], tmp_path: Path) -> None:
    import secrets

    from sec_ops.evidence.log import init_log
    from sec_ops.transport.process import run_program
    from tests.unit.evidence.support import ORIGIN, ToldClock

    forged = tmp_path / "forged"
    init_log(forged, origin=ORIGIN, clock=ToldClock(), randomness=secrets.token_bytes, run_program=run_program)
    small_bundle(forged, tmp_path / "forged.evz")
    found = report(tmp_path / "forged.evz", trust)
    assert found["outcome"] == ["incomplete"]
    assert found["faults"] == []
    assert not found["anchored"]


def test_a_ring_with_the_trusted_key_in_it_anchors_nothing(
    sealed: Path, trust: tuple[str, ...], tmp_path: Path
) -> None:
    import secrets

    from sec_ops.evidence.log import init_log
    from sec_ops.transport.process import run_program
    from tests.unit.evidence.support import ORIGIN, ToldClock

    forged = tmp_path / "forged"
    init_log(forged, origin=ORIGIN, clock=ToldClock(), randomness=secrets.token_bytes, run_program=run_program)
    small_bundle(forged, tmp_path / "forged.evz")
    true_ring = json.loads(unpacked(sealed)["keyring.json"])

    def smuggle(files: Files, _manifest: dict[str, Any]) -> None:
        ring = json.loads(files["keyring.json"])
        ring["created"] = true_ring["created"] + ring["created"]
        files["keyring.json"] = verify.ENCODE(ring).encode() + b"\n"

    found = report(changed(tmp_path / "forged.evz", smuggle, tmp_path / "x.evz"), trust)
    assert not found["anchored"]
    assert found["outcome"] == ["incomplete"]

    def introduce(files: Files, _manifest: dict[str, Any]) -> None:
        smuggle(files, _manifest)
        ring = json.loads(files["keyring.json"])
        for old, new in zip(ring["created"][:2], ring["created"][2:], strict=True):
            new.update(introduced_by=trust[ring["created"].index(old)], valid_from=1)
        files["keyring.json"] = verify.ENCODE(ring).encode() + b"\n"

    found = report(changed(tmp_path / "forged.evz", introduce, tmp_path / "y.evz"), trust)
    assert "signature" in codes(found)


def _zip(path: Path, *parts: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "parts",
    [
        [],
        [("../../etc/passwd", b"x")],
        [("/etc/passwd", b"x")],
        [("blobs/..", b"x")],
        [("entries.jsonl\n", b"x")],
        [("manifest.json", b"{}"), ("manifest.json", b"{}")],
        [("manifest.json", b"{}")],
        [("manifest.json", b"[]\n")],
        [("manifest.json", b'{"first":0,"origin":""}\n')],
        [("manifest.json", b"[" * 100_000)],
        [("manifest.json", b'{"first":1e999}\n')],
        [("manifest.json", b'{"first":"\\ud800","origin":0}\n')],
    ],
)
def test_hostile_archives(tmp_path: Path, trust: tuple[str, ...], parts: list[tuple[str, bytes]]) -> None:
    found = report(_zip(tmp_path / "x.evz", *parts), trust)
    assert "form" in codes(found)
    assert found["outcome"] == ["evidence_broken"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "blobs/x", "README.htm", "checkpoints/１２３４５６７８９０１２/sm3.note"]
)
def test_a_file_planted_in_a_sound_bundle_is_refused(
    sealed: Path, trust: tuple[str, ...], tmp_path: Path, name: str
) -> None:
    files, manifest = unpacked(sealed), manifest_of(sealed)
    assert codes(report(packed(tmp_path / "x.evz", {**files, name: b"x"}, manifest), trust)) == {"form"}


def test_a_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    bomb = _zip(tmp_path / "bomb.evz", ("manifest.json", b"0" * 50_000_000), method=zipfile.ZIP_DEFLATED)
    assert codes(report(bomb)) == {"form"}


def test_a_size_that_is_a_lie_is_refused(sealed: Path, tmp_path: Path) -> None:
    whole = bytearray(sealed.read_bytes())
    struct.pack_into("<II", whole, 18, 0xFFFFFFF0, 0xFFFFFFF0)
    (tmp_path / "x.evz").write_bytes(whole)
    assert codes(report(tmp_path / "x.evz")) == {"form"}


def test_a_line_that_never_ends_is_a_fault(sealed: Path, trust: tuple[str, ...], tmp_path: Path) -> None:
    files, manifest = unpacked(sealed), manifest_of(sealed)
    files["entries.jsonl"] += b"x" * 1_000_000
    assert "line" in codes(report(packed(tmp_path / "x.evz", files, manifest), trust))


@pytest.mark.parametrize("name", ["keyring.json", "entries.jsonl", "checkpoints/000000000003/sm3.note", "blobs/"])
def test_flipped_bytes_under_a_mended_manifest_are_named(
    sealed: Path, trust: tuple[str, ...], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for function in ("ed25519_verify", "sm2_verify"):
        monkeypatch.setattr(verify, function, functools.lru_cache(getattr(verify, function)))
    files, manifest = unpacked(sealed), manifest_of(sealed)
    path = next(each for each in files if each.startswith(name))
    sound = []
    for place in range(0, len(files[path]), 17):
        content = bytearray(files[path])
        content[place] ^= 1 << place % 7
        found = report(packed(tmp_path / "x.evz", {**files, path: bytes(content)}, manifest), trust)
        if not found["faults"]:
            sound.append(place)
    assert sound == []
