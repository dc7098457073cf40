"""Writes are whole or not there; runs are folders found by name."""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sec_ops.model.errors import EvidenceBroken, SiteNotFound, StorageError, UsageError
from sec_ops.model.protocols import Randomness
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import make_folder, write_atomically
from sec_ops.runtime.run import create_run, find_run
from sec_ops.runtime.site import find_site


def always(byte: int) -> Randomness:
    return lambda count: bytes([byte]) * count


class StillClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def monotonic_ms(self) -> int:
        return 0


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a"
    write_atomically(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_write_leaves_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    def interrupt(descriptor: int) -> None:
        raise interruption

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(interruption):
        write_atomically(tmp_path / "a", b"new")
    assert list(tmp_path.iterdir()) == []


def test_devices_pipes_and_folders_are_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for special in ("pipe", ".", "..", "/", "/dev/null"):
        with pytest.raises(StorageError):
            write_atomically(Path(special), b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    assert Path("pipe").is_fifo()


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_no_folder_on_the_way_is_open_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_folder(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in sorted(tmp_path.rglob("*"))] == [0o700] * 3


def test_files_are_private(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"x")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_run_is_sealed_by_the_digests_of_its_files(tmp_path: Path) -> None:
    run = create_run(tmp_path / "runs", "audit", clock=StillClock(), randomness=bytes)
    run.write("request.json", {"b": 1, "a": [2]})
    manifest = run.seal()
    assert run.name == "20261123T080000Z-audit-00000000"
    assert list(manifest) == ["request.json"]
    assert json.loads((run.folder / "manifest.json").read_text()) == manifest
    assert run.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("altered", [b'{"a":2}\n', b"{", b"", b"\xff"])
def test_what_was_altered_after_the_seal_is_not_read(tmp_path: Path, altered: bytes) -> None:
    run = create_run(tmp_path / "runs", "audit", clock=StillClock(), randomness=bytes)
    run.write("result.json", {"a": 1})
    assert run.read("result.json") == {"a": 1}
    run.seal()
    assert run.read("result.json") == {"a": 1}
    (run.folder / "result.json").write_bytes(altered)
    with pytest.raises(EvidenceBroken):
        run.read("result.json")
    with pytest.raises(UsageError):
        run.read("hosts.json")


def test_no_run_at_all_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_run(tmp_path / "runs", "latest", verb="audit")
    assert str(caught.value.advice) == "make one: sec-ops audit run"


@pytest.mark.parametrize("name", ["latest", "20261123T080000Z-audit-01010101", "01010101"])
def test_a_run_is_found(tmp_path: Path, name: str) -> None:
    for byte in (0, 1):
        create_run(tmp_path, "audit", clock=StillClock(), randomness=always(byte))
    create_run(tmp_path, "drill", clock=StillClock(), randomness=lambda n: b"\xff" * n)
    assert find_run(tmp_path, name, verb="audit").name.endswith("01010101")


@pytest.mark.parametrize("name", ["2026", "../etc", "nothing", ""])
def test_an_unclear_name_is_refused(tmp_path: Path, name: str) -> None:
    for byte in (0, 1):
        create_run(tmp_path, "audit", clock=StillClock(), randomness=always(byte))
    with pytest.raises(UsageError):
        find_run(tmp_path, name, verb="audit")


def test_the_site_is_named_or_the_nearest_above(tmp_path: Path) -> None:
    (tmp_path / "sec-ops.yml").write_text("id: x\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_site(None, environment={}, start=below).root == tmp_path
    assert find_site(str(tmp_path), environment={}).root == tmp_path
    assert find_site(None, environment={"SEC_OPS_SITE": str(tmp_path)}, start=Path("/")).root == tmp_path
    with pytest.raises(SiteNotFound):
        find_site(str(below), environment={})


def test_a_folder_that_was_deleted_under_us_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StorageError):
        find_site(None, environment={})


def test_a_configuration_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_words: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    (tmp_path / "sec-ops.yml").write_text("id: x\n")
    site = find_site(str(tmp_path), environment={})
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        load_configuration(site)
    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        find_site(str(tmp_path), environment={})
