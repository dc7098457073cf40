"""Newer segments of a log come from where it is received; what was proved stays, links and strangers are left."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sec_ops.drill.running.values import Fetched
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.drill_record import SourceRecord
from sec_ops.workflows.drills.received import with_received

FIRST, SECOND, THIRD = (f"00000001000000000000000{number}" for number in "123")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "received"
    folder.mkdir()
    for name in (FIRST, SECOND, f"{THIRD}.partial", "00000002.history"):
        (folder / name).write_text(f"here {name}")
    (folder / "0000000100000000000000FF").symlink_to("/etc/passwd")
    (folder / "notes.txt").write_text("no segment")
    os.mkfifo(folder / "0000000100000000000000FE")
    return folder


def planned(here: Path, host: str = "") -> Any:
    settings = {"user": "u", "slot": "s", "folder": str(here), "synchronous": True}
    source = SourceSettings(id="stream", kind="postgresql_receivewal", host=host, settings=settings)
    files = SourceSettings(id="files", kind="files", settings={"paths": ["/srv"]})
    return SimpleNamespace(plan=SimpleNamespace(sources=(source, files)))


def fetched(tmp_path: Path, here: Path, *, proved: bool = True) -> tuple[Fetched, Path]:
    root = tmp_path / "fetched" / "stream"
    there = root / str(here).lstrip("/")
    there.mkdir(parents=True)
    (there / FIRST).write_text("saved and proved")
    (tmp_path / "fetched" / "files").mkdir()
    records = tuple(SourceRecord(source=name, kind="k", verdict="ok") for name in ("stream", "files"))
    roots = {"stream": root, "files": tmp_path / "fetched" / "files"}
    return Fetched(proved=proved, sources=records, roots=roots), there


def test_what_came_after_the_restore_point_is_taken_and_what_was_proved_stays(tmp_path: Path, here: Path) -> None:
    given, there = fetched(tmp_path, here)
    found = with_received(planned(here), given)
    assert {each.name: each.read_text() for each in there.iterdir()} == {
        FIRST: "saved and proved",
        SECOND: f"here {SECOND}",
        f"{THIRD}.partial": f"here {THIRD}.partial",
        "00000002.history": "here 00000002.history",
    }
    assert [each.received for each in found.sources] == [3, 0]


@pytest.mark.parametrize(("host", "proved"), [("far-1", True), ("", False)])
def test_nothing_is_taken_that_is_received_elsewhere_or_beside_what_is_not_proved(
    host: str, proved: bool, tmp_path: Path, here: Path
) -> None:
    given, there = fetched(tmp_path, here, proved=proved)
    found = with_received(planned(here, host), given)
    assert [each.name for each in there.iterdir()] == [FIRST]
    assert [each.received for each in found.sources] == [0, 0]


def test_a_folder_that_is_not_there_is_no_fault(tmp_path: Path, here: Path) -> None:
    given, _there = fetched(tmp_path, here)
    assert with_received(planned(tmp_path / "gone"), given).sources == given.sources
