"""Manifests by real restic: what is saved is what is listed, whatever the names and whoever writes meanwhile."""

import json
from hashlib import sha256
from pathlib import Path, PurePath

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.proving.manifest import Listing
from sec_ops.backup.proving.saving import Proved, Saving, save_part
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest
from sec_ops.backup.source import Part
from sec_ops.runtime.clock import SystemClock

pytestmark = pytest.mark.integration


def saved(restic: Restic, folder: Path, *paths: Path, run: str = "1", excludes: tuple[str, ...] = ()) -> Proved:
    part = Part(name="files", paths=[PurePath(each) for each in paths])
    tags = ["system:s", "source:web", "part:files", f"run:{run}"]
    request = BackupRequest(host="h", tags=tags, paths=part.paths, excludes=excludes)
    saving = Saving(
        source="web", part=part, request=request, doors=LocalDoors(clock=SystemClock()), folder=folder / "digests"
    )
    return save_part(saving, restic)


def listed(proved: Proved) -> dict[object, tuple[str, int, str | None]]:
    assert proved.lines
    rows = [json.loads(line) for line in proved.lines.read_bytes().splitlines()]
    return {path if isinstance(path, str) else path[0]: (kind, size, digest) for path, kind, size, digest in rows}


def listing(proved: Proved) -> Listing:
    assert proved.fault is None
    assert proved.part
    assert proved.part.listing
    return proved.part.listing


def test_files_are_hashed_while_they_are_saved_and_taken_over_when_nothing_changed(restic, tree, tmp_path):
    first = saved(restic, tmp_path, tree)
    rows = listed(first)
    for path in tree.iterdir():
        assert rows[str(path)] == ("file", 200_000, sha256(path.read_bytes()).hexdigest())
    assert listing(first).files == 20
    second = saved(restic, tmp_path, tree, run="2")
    assert second.result.summary
    assert second.result.summary.files_unmodified == 20
    assert listing(second) == listing(first)
    assert second.part
    assert second.part.reused > 10
