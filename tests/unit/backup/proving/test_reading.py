"""Manifests read back: any change of head or listing is found, whatever the bytes."""

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from sec_ops.backup.proving.manifest import PAYLOAD_TYPE, Listing, Manifest, ManifestPart, ManifestSource
from sec_ops.backup.proving.reading import ManifestFile, Row, as_shown, opened_manifest
from sec_ops.evidence.believing import believed_keys
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import EvidenceBroken
from tests.unit.evidence.support import opened

LINES = b'["/a","file",1,"%s"]\n[["L/8="],"file",2,"changed"]\n["/d","dir",0,null]\n' % (b"0" * 64)


def written(folder: Path, path: Path, lines: bytes = LINES, type_: str = PAYLOAD_TYPE) -> Path:
    listing = Listing(lines=3, sha256=sha256(LINES).hexdigest(), files=2, bytes=3, changed=1)
    part = ManifestPart(part="files", snapshot="1" * 64, host="h", verdict="ok", listing=listing)
    manifest = Manifest(
        schema=Manifest.document,
        system="s",
        run="r",
        repository="a",
        made_at=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
        tool="t",
        verdict="ok",
        sources=(ManifestSource(source="web", kind="files", parts=(part,)),),
    )
    head = opened(folder).sign(type_, canonical_json(manifest.model_dump(mode="json", by_alias=True)))
    path.write_bytes(head + b'\n{"source": "web", "part": "files", "snapshot": "1"}\n' + lines)
    return path


def rows(manifest: ManifestFile) -> Iterator[Row]:
    source = manifest.manifest.sources[0]
    return manifest.rows(source, source.parts[0])


def test_a_manifest_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    manifest = opened_manifest(written(folder, tmp_path / "m"), believed_keys(folder))
    assert len(manifest.trusted) == 2
    assert list(rows(manifest)) == [
        Row("/a", b"/a", "file", 1, "0" * 64),
        Row("/\N{REPLACEMENT CHARACTER}", b"/\xff", "file", 2, "", "changed"),
        Row("/d", b"/d", "dir", 0),
    ]


def test_rights_are_read_where_a_manifest_has_them(folder: Path, tmp_path: Path, monkeypatch) -> None:
    lines = b'["/a","file",1,"%s",2541,0,33]\n["/l","symlink",0,null,511,0,0]\n["/d","dir",0,null]\n' % (b"0" * 64)
    monkeypatch.setattr(sys.modules[__name__], "LINES", lines)
    manifest = opened_manifest(written(folder, tmp_path / "m", lines), believed_keys(folder))
    assert [(each.type, each.mode, each.user, each.group) for each in rows(manifest)] == [
        ("file", 0o4755, 0, 33),
        ("symlink", 0o777, 0, 0),
        ("dir", -1, -1, -1),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        LINES.replace(b"0" * 64, b"1" * 64),
        LINES.replace(b'["/d","dir",0,null]\n', b""),
        LINES + b'["/e","file",1,null]\n',
        LINES[:-1],
        b"",
        b"[]\n",
        b"nonsense\n",
        b'["/a","file","many",null]\n',
    ],
)
def test_a_changed_listing_is_found(folder: Path, tmp_path: Path, lines: bytes) -> None:
    manifest = opened_manifest(written(folder, tmp_path / "m", lines), believed_keys(folder))
    with pytest.raises(EvidenceBroken):
        list(rows(manifest))


def test_a_changed_head_is_found(folder: Path, tmp_path: Path) -> None:
    path = written(folder, tmp_path / "m")
    head, *rest = path.read_bytes().splitlines(keepends=True)
    document = json.loads(head)
    document["payload"] = document["payload"][:-8] + "AAAAAAA="
    for data in (json.dumps(document).encode() + b"\n", b"", b"{}\n", b"\xff\n"):
        path.write_bytes(data + b"".join(rest))
        with pytest.raises(EvidenceBroken):
            opened_manifest(path, believed_keys(folder))


def test_another_statement_of_the_log_is_no_manifest(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EvidenceBroken):
        opened_manifest(written(folder, tmp_path / "m", type_="text/plain"), believed_keys(folder))


def test_keys_are_believed_as_they_stand_on_paper(folder: Path, tmp_path: Path) -> None:
    key = min(believed_keys(folder))
    typed = " ".join(key.upper()[start : start + 8] for start in range(0, 64, 8))
    assert believed_keys(tmp_path / "none", [typed]) == {key}
    shutil.rmtree(folder)
    assert believed_keys(folder) == frozenset()


@pytest.mark.parametrize(
    ("path", "shown"),
    [(b"/a", "/a"), (b"/\xe4\xb8", "/\ufffd\ufffd"), ("/中".encode(), "/中"), (b"\xed\xa0\x80", "\ufffd" * 3)],
)
def test_paths_are_shown_as_restic_shows_them(path: bytes, shown: str) -> None:
    assert as_shown(path) == shown
