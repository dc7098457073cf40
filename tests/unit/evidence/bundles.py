"""Making bundles for tests, opening them up, and putting changed ones together again."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sec_ops.evidence import verify
from sec_ops.evidence.archive import write_archive
from sec_ops.evidence.bundle import BundleSummary, bundle
from sec_ops.model.canonical import canonical_line
from sec_ops.model.evidence import LowEntropy
from tests.unit.evidence.support import facts, opened

Files = dict[str, bytes]


def small_bundle(folder: Path, output: Path) -> BundleSummary:
    """Seal two hosts and an answer of one run, and bundle them."""
    log = opened(folder)
    log.append_many([facts(1, blob=b"facts of host one\n"), facts(2, blob=b"facts of host two\n")])
    log.append_many([facts(3, blob=LowEntropy(b"yes"), system="student-records")])
    return bundle(log, folder, run="run-1", output=output)


def unpacked(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def manifest_of(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return dict(json.loads(archive.read("manifest.json")))


def packed(path: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Path:
    """Write a bundle as a clever forger would: a sound zip around changed files."""
    parts = [(name, [content]) for name, content in files.items()]
    write_archive(path, [*parts, ("manifest.json", [canonical_line(manifest)])])
    return path


def changed(path: Path, change: Callable[[Files, dict[str, Any]], object], target: Path) -> Path:
    files, manifest = unpacked(path), manifest_of(path)
    change(files, manifest)
    return packed(target, files, manifest)


def report(path: Path, trust: tuple[str, ...] = (), *, witness: str = "", everything: str = "") -> dict[str, Any]:
    return verify.verify(str(path), trust, everything).report(witness, "en")


def entries(files: Files) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files["entries.jsonl"].splitlines()]


def put_entries(files: Files, entries_: list[dict[str, Any]]) -> None:
    """Write entries back with a `prev` chain that fits them."""
    lines, previous = [], entries_[0]["prev"]
    for entry in entries_:
        line = verify.ENCODE({**entry, "prev": previous}).encode()
        previous = hashlib.sha256(line).hexdigest()
        lines.append(line + b"\n")
    files["entries.jsonl"] = b"".join(lines)
