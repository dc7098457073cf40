"""All faults of a file at once, each with its line, its path and what may have been meant."""

from pathlib import Path

import pytest

from sec_ops.content.kinds import CHECKS
from sec_ops.content.library import Library
from sec_ops.model.errors import Fault

GOLDEN = Path(__file__).parent / "golden"


def _lines(faults: tuple[Fault, ...]) -> str:
    texts = [
        f"{fault.line}: {fault.path}: {fault.message}" + (f" ({fault.advice})" if fault.advice else "")
        for fault in faults
    ]
    return "\n".join(texts) + "\n"


def test_a_file_with_many_faults(tmp_path: Path) -> None:
    source = GOLDEN / "linux-many-faults.yml"
    folder = tmp_path / CHECKS.folder / "linux"
    folder.mkdir(parents=True)
    (folder / source.name).write_bytes(source.read_bytes())
    faults = Library.open(None, shipped=tmp_path).faults(CHECKS)
    assert _lines(faults) == (GOLDEN / "linux-many-faults.txt").read_text()


def test_the_file_is_named_as_a_person_would_type_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / CHECKS.folder / "linux"
    folder.mkdir(parents=True)
    (folder / "broken.yml").write_text("id: [")
    monkeypatch.chdir(tmp_path)
    assert Library.open(None, shipped=tmp_path).faults()[0].file == f"{CHECKS.folder}/linux/broken.yml"


def test_faults_of_all_files_come_together(tmp_path: Path) -> None:
    folder = tmp_path / CHECKS.folder / "linux"
    folder.mkdir(parents=True)
    for name, text in {"a": "id: [", "b": "- 1\n", "c": "", "d": "id: d\nid: d\n"}.items():
        (folder / f"{name}.yml").write_text(text)
    faults = Library.open(None, shipped=tmp_path).faults()
    assert [Path(fault.file).name for fault in faults] == ["a.yml", "b.yml", "c.yml", "d.yml"]
