"""Releases in all their wrappings, the hostile ones too: what is taken, and that nothing else is."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection.library import unpacking
from sec_ops.detection.library.unpacking import unpacked
from sec_ops.model.errors import ContentInvalid, UsageError
from sec_ops.runtime.archives.readers import Budget
from tests.unit.detection.library.rules import FIRST, SECOND, put, rule

RELEASE = {
    "sigma-2026-08/rules/windows/a.yml": rule(FIRST).encode(),
    "sigma-2026-08/rules/linux/b.yaml": rule(SECOND).encode(),
    "sigma-2026-08/rules/linux/b.cases.yml": b"detection: no rule",
    "sigma-2026-08/LICENSE": b"text",
    "sigma-2026-08/.github/workflows/a.yml": rule(SECOND).encode(),
    "sigma-2026-08/tests/config.yml": b"a: 1",
}
TAKEN = {
    "rules/windows/a.yml": RELEASE["sigma-2026-08/rules/windows/a.yml"],
    "rules/linux/b.yaml": rule(SECOND).encode(),
}


def tar(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


WRAPPINGS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tar,
    "tar.gz": lambda files: gzip.compress(tar(files)),
    "tar.bz2": lambda files: bz2.compress(tar(files)),
    "tar.xz": lambda files: lzma.compress(tar(files)),
    "tar.zst": lambda files: zstandard.compress(tar(files)),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_release_in_every_wrapping(tmp_path: Path, wrapping: str) -> None:
    found = unpacked(put(tmp_path, f"release.{wrapping}", WRAPPINGS[wrapping](RELEASE)))
    assert found.files == TAKEN
    assert found.left_out == ()
    assert found.others == 4
    assert len(found.sha256) == 64


def test_a_folder(tmp_path: Path) -> None:
    for name, data in RELEASE.items():
        put(tmp_path / "release", name, data)
    outside = put(tmp_path, "outside.yml", rule(SECOND))
    (tmp_path / "release/sigma-2026-08/rules/link.yml").symlink_to(outside)
    found = unpacked(tmp_path / "release")
    assert found.files == TAKEN
    assert [(each.path, each.lost) for each in found.left_out] == [("sigma-2026-08/rules/link.yml", False)]


@pytest.mark.parametrize(
    "name",
    [
        "../outside.yml",
        "rules/../../outside.yml",
        "/etc/outside.yml",
        "//etc/outside.yml",
        "rules//twice.yml",
        "./rules/./dot.yml",
        "C:\\outside.yml",
        "rules\\outside.yml",
        "rules/a\nb.yml",
        "rules/\x1b[31m.yml",
        "rules/\u202elmy.yml",
        "a/" * 17 + "deep.yml",
        "x" * 300 + ".yml",
    ],
)
@pytest.mark.parametrize("wrapping", ["zip", "tar"])
def test_a_name_that_is_no_plain_path_is_left_out(tmp_path: Path, name: str, wrapping: str) -> None:
    files = {**RELEASE, name: rule(FIRST).encode()}
    found = unpacked(put(tmp_path, "release", WRAPPINGS[wrapping](files)))
    assert len(found.files) == 2
    assert [each.lost for each in found.left_out] == [True]


def test_links_in_a_tar_are_no_files(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"rules/{kind.decode()}.yml")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        member = tarfile.TarInfo("rules/a.yml")
        member.size = len(rule(FIRST))
        archive.addfile(member, io.BytesIO(rule(FIRST).encode()))
    assert list(unpacked(put(tmp_path, "release.tar", stream.getvalue())).files) == ["a.yml"]


def test_a_name_that_comes_twice(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for text in (rule(FIRST), rule(SECOND)):
            member = tarfile.TarInfo("rules/a.yml")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    found = unpacked(put(tmp_path, "release.tar", stream.getvalue()))
    assert found.files == {"a.yml": rule(FIRST).encode()}
    assert [each.path for each in found.left_out] == ["rules/a.yml"]


@pytest.mark.parametrize("wrapping", ["zip", "tar.gz", "tar.zst", "tar.xz", "tar.bz2"])
def test_a_bomb_is_refused(tmp_path: Path, wrapping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "Budget", lambda origin, ratio: Budget(origin, ratio=ratio, always=1_000_000))
    files = {f"rules/{number}.yml": b"detection:\n" + bytes(1_000_000) for number in range(10)}
    with pytest.raises(ContentInvalid) as caught:
        unpacked(put(tmp_path, "release", WRAPPINGS[wrapping](files)))
    assert "a decompression bomb" in str(caught.value.faults[0].message)


def test_a_file_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    large = rule(FIRST).encode() + b"#" * unpacking.FILE_BYTES_BOUND
    found = unpacked(put(tmp_path, "release.zip", zipped({**RELEASE, "large.yml": large})))
    assert [(each.path, each.lost) for each in found.left_out] == [("large.yml", True)]


def test_more_files_than_any_release_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FILES_BOUND", 1)
    with pytest.raises(ContentInvalid):
        unpacked(put(tmp_path, "release.zip", zipped(RELEASE)))


def test_retired_rules_are_left_out(tmp_path: Path) -> None:
    retired = rule(FIRST).replace("status: test", "status: deprecated").encode()
    found = unpacked(put(tmp_path, "release.zip", zipped({"a.yml": retired, "b.yml": rule(SECOND).encode()})))
    assert list(found.files) == ["b.yml"]
    assert [(each.path, each.lost) for each in found.left_out] == [("a.yml", False)]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_an_archive_that_is_cut_off_is_refused_whole(tmp_path: Path, wrapping: str) -> None:
    whole = WRAPPINGS[wrapping]({f"rules/{number}.yml": rule(FIRST, str(number)).encode() for number in range(40)})
    with pytest.raises(ContentInvalid):
        unpacked(put(tmp_path, "release", whole[: len(whole) // 2 + 100]))


def test_what_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        unpacked(tmp_path / "absent")
    with pytest.raises(UsageError):
        unpacked(put(tmp_path, "empty.zip", zipped({"a.txt": b""})))
    with pytest.raises(ContentInvalid):
        unpacked(put(tmp_path, "a.yml", rule(FIRST)))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), wrapping=st.sampled_from(sorted(WRAPPINGS)))
def test_damage_gives_no_name_that_leads_out_and_no_other_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, wrapping: str
) -> None:
    whole = bytearray(WRAPPINGS[wrapping](RELEASE))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = unpacked(put(tmp_path_factory.mktemp("damaged"), "release", bytes(whole)))
    except (ContentInvalid, UsageError):
        return
    assert all(".." not in name and not name.startswith("/") for name in found.files)
