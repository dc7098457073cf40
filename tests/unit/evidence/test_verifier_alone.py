"""`verify.py` as an auditor runs it: alone, in a folder of its own, with whatever Python is there."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sec_ops.evidence import verify
from sec_ops.evidence.keys import Anchor
from tests.unit.evidence.bundles import small_bundle, unpacked

SOURCE = Path(verify.__file__)


def pythons() -> list[str]:
    """Return one interpreter of each version that is here, from 3.8 on."""
    installed = (shutil.which(f"python3.{minor}") for minor in range(8, 20))
    managed = map(str, (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3"))
    places = [sys.executable, "/usr/bin/python3", *filter(None, installed), *managed]
    found: dict[str, str] = {}
    for place in places:
        if os.access(place, os.X_OK):
            asked = subprocess.run(
                [place, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
            )
            # A version manager leaves names that start nothing.
            major, minor = map(int, asked.stdout.split() or (0, 0))
            if (major, minor) >= (3, 8):
                found.setdefault(f"{major}.{minor}", place)
    return list(found.values())


@pytest.fixture(scope="module")
def bundle(made_log: tuple[Path, Anchor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("alone")
    folder = Path(shutil.copytree(made_log[0], place / "evidence"))
    small_bundle(folder, place / "small.evz")
    (place / "verify.py").write_bytes(unpacked(place / "small.evz")["verify.py"])
    return place / "small.evz"


def run(python: str, bundle: Path, *arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python, "-I", str(bundle.parent / "verify.py"), str(bundle), *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd or bundle.parent,
        env={"LC_ALL": "C"},
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("python", pythons())
def test_every_python_here(bundle: Path, trust: tuple[str, ...], python: str) -> None:
    sound = run(python, bundle, "--trust", trust[0], "--json")
    assert (sound.returncode, sound.stderr) == (0, "")
    document = json.loads(sound.stdout)
    wanted = {"entries", "checkpoints", "ok", "anchored", "witnessed_size", "unwitnessed_entries"}
    assert wanted | {"not_checked", "faults", "schema", "version", "outcome"} <= set(document)
    assert (document["entries"], document["checkpoints"], document["anchored"]) == (7, 2, True)
    assert run(python, bundle).returncode == 3
    assert "来源未经确认" in run(python, bundle).stdout
    assert "origin not established" in run(python, bundle, "--lang", "en").stdout


def test_faults_are_told_and_exit_6(bundle: Path, trust: tuple[str, ...], tmp_path: Path) -> None:
    broken = bundle.parent / "broken.evz"
    broken.write_bytes(bundle.read_bytes().replace(b"host-1", b"host-2", 1))
    ended = run(sys.executable, broken, "--trust", trust[0], "--lang", "en")
    assert ended.returncode == 6
    assert "FAULTS" in ended.stdout
    assert "entries.jsonl" in ended.stdout
    assert run(sys.executable, bundle, "--trust", trust[0], "--require-witness").returncode == 6


def test_fingerprints_as_printed_in_groups(bundle: Path, trust: tuple[str, ...]) -> None:
    groups = " ".join(trust[0][start : start + 8] for start in range(0, 64, 8)).upper()
    assert run(sys.executable, bundle, "--trust", groups, "--all-signatures").returncode == 0


def test_usage(bundle: Path) -> None:
    assert run(sys.executable, bundle, "--nonsense").returncode == 2


def test_python_3_8_can_read_it() -> None:
    ast.parse(SOURCE.read_text(), feature_version=(3, 8))


def test_it_is_one_short_file_on_the_standard_library() -> None:
    assert len(SOURCE.read_text().splitlines()) < 400
    tree = ast.parse(SOURCE.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize(("limit", "unchecked"), [(1 << 21, []), (10, ["no_sm3"])])
def test_a_python_without_sm3(
    bundle: Path, trust: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, limit: int, unchecked: list[str]
) -> None:
    monkeypatch.setattr(verify, "HAS_SM3", False)
    monkeypatch.setattr(verify, "MAX_SLOW_SM3", limit)
    found = verify.verify(str(bundle), trust).report()
    assert found["faults"] == []
    assert [each["code"] for each in found["not_checked"]] == unchecked
    assert found["outcome"] == (["incomplete"] if unchecked else ["clean"])
