"""The checkout first, the wheel second, and both hold the same bytes."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sec_ops.content.kinds import CHECKS
from sec_ops.content.library import Library
from sec_ops.content.shipped import CONTENT_FOLDERS, built_digests, content_digests, shipped_root
from sec_ops.model.errors import ContentInvalid

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of this checkout, unpacked."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in (*CONTENT_FOLDERS, "sec_ops", "scripts", "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(target)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(target / done.stdout.strip()) as wheel:
        wheel.extractall(target)
    return target


def _run(installed: Path, code: str) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(installed)!r})\n{code}"]
    return subprocess.run(line, cwd=installed, capture_output=True, text=True, check=False)


def test_a_checkout_comes_first() -> None:
    assert shipped_root() == ROOT
    assert built_digests(ROOT) is None


def test_wheel_and_checkout_hold_the_same_content(installed: Path) -> None:
    content = installed / "sec_ops" / "_content"
    assert content_digests(content) == content_digests(ROOT)
    assert json.loads((installed / "sec_ops" / "_content.json").read_text()) == content_digests(content)


def test_an_installed_package_reads_its_own_content(installed: Path) -> None:
    code = (
        "from sec_ops.content.library import Library\n"
        "library = Library.open(None)\n"
        "print(library.shipped_root)\n"
        "library.load()\n"
    )
    done = _run(installed, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(installed / "sec_ops" / "_content")


def test_the_build_needs_no_library_of_the_package(installed: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); import sec_ops.content.shipped"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0


def _package(tmp_path: Path) -> Path:
    package = tmp_path / "sec_ops"
    check = package / "_content" / CHECKS.folder / "linux" / "one.yml"
    check.parent.mkdir(parents=True)
    check.write_text("id: one\n")
    digests = {f"{CHECKS.folder}/linux/one.yml": hashlib.sha256(check.read_bytes()).hexdigest()}
    (package / "_content.json").write_text(json.dumps(digests))
    return package


def _faults(package: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    root = shipped_root(package)
    monkeypatch.setattr("sec_ops.content.library.built_digests", lambda root: built_digests(root, package))
    faults = Library.open(None, shipped=root).faults(CHECKS)
    return [str(fault.message) for fault in faults if "missing" not in fault.path and fault.line == 0]


def test_changed_added_and_removed_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = _package(tmp_path)
    folder = package / "_content" / CHECKS.folder / "linux"
    assert _faults(package, monkeypatch) == []
    (folder / "two.yml").write_text("id: two\n")
    assert _faults(package, monkeypatch) == ["differs from the file that was installed"]
    (folder / "two.yml").unlink()
    (folder / "one.yml").write_text("id: one # changed\n")
    assert _faults(package, monkeypatch) == ["differs from the file that was installed"]
    (folder / "one.yml").unlink()
    assert _faults(package, monkeypatch) == ["is missing from the installation"]


def test_without_digests_nothing_is_trusted(tmp_path: Path) -> None:
    package = _package(tmp_path)
    (package / "_content.json").write_text("{")
    with pytest.raises(ContentInvalid):
        built_digests(shipped_root(package), package)


def test_no_content_at_all(tmp_path: Path) -> None:
    with pytest.raises(ContentInvalid):
        shipped_root(tmp_path / "sec_ops")
