"""A site with plans and real restic repositories, for tests of backup commands."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from tests.servers.restic import make_repository, make_restic

__all__ = ["BackupSite"]

_INVENTORY = Path(__file__).parents[1] / "inventory"
_NOTIFIERS = """
notify:
  language: en
  notifiers:
    - {id: kept, kind: file, path: notices.jsonl, least: information}
"""


@cache
def _made_site() -> Path:
    """Make a site once, to be copied: its keys take seconds to make."""
    folder = Path(tempfile.mkdtemp(prefix="sec-ops-site-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    assert run(["init", str(folder / "site")]) == 0
    return folder / "site"


class BackupSite:
    """A site of the example organisation whose repositories `NAME` lie below its folder."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        shutil.copytree(_made_site(), root)
        shutil.rmtree(root / "inventory")
        shutil.copytree(_INVENTORY, root / "inventory")
        shutil.copy(_INVENTORY.parent / "backup" / "places.yml", root / "backup" / "places.yml")
        with (root / "sec-ops.yml").open("a") as file:
            file.write(_NOTIFIERS)
        for name in ("plans", "repositories"):
            (root / "backup" / name).mkdir(parents=True, exist_ok=True)

    def repository(self, name: str, made: Path | None = None, **more: Any) -> Path:
        """Describe a repository; make it, as a copy of `made` when that is given (password `correct horse`)."""
        location = self.root / "data" / name
        document = {"id": name, "place": "centre", "location": str(location), "password": {"file": "secrets/word"}}
        (self.root / "backup" / "repositories" / f"{name}.yml").write_text(json.dumps(document | more))
        (self.root / "secrets").mkdir(exist_ok=True)
        (self.root / "secrets" / "word").write_text("correct horse\n")
        (self.root / "secrets" / "word").chmod(0o600)
        if made is not None:
            shutil.copytree(made, location)
        return location

    def plan(self, system: str, sources: Sequence[dict[str, Any]], repository: str = "a", **more: Any) -> None:
        """Write a plan."""
        document = {
            "id": system,
            "place": "centre",
            "answers": "chen",
            "sources": list(sources),
            "repository": repository,
            "timing": {"daily": "02:00"},
            "retention": {"daily": 7},
        }
        (self.root / "backup" / "plans" / f"{system}.yml").write_text(json.dumps(document | more))

    def files(self, system: str, folder: Path, repository: str = "a", **more: Any) -> None:
        """Write a plan of one folder."""
        self.plan(system, [files("files", folder)], repository, **more)

    def call(self, *words: str) -> tuple[int, Any]:
        """Run a command; return its exit code and its document."""
        self._capsys.readouterr()
        code = run(["--site", str(self.root), "--lang", "en", *words, "--json"])
        return code, json.loads(self._capsys.readouterr().out)

    def shown(self, *words: str, language: str = "en") -> tuple[int, str]:
        """Run a command; return its exit code and what it shows people."""
        self._capsys.readouterr()
        code = run(["--site", str(self.root), "--lang", language, *words])
        told = self._capsys.readouterr()
        return code, told.out + told.err

    def restic(self, name: str) -> Any:
        """Return a repository through the real door."""
        return make_restic(make_repository(self.root / "data" / name), self.root)

    def notices(self) -> list[dict[str, Any]]:
        """Return the notices that were delivered, in order."""
        path = self.root / "notices.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def files(source: str, *folders: Path, **more: Any) -> dict[str, Any]:
    """Return a source of folders."""
    return {"id": source, "kind": "files", "settings": {"paths": [str(each) for each in folders]}, **more}


def locks_in(repository: Path) -> list[str]:
    """Return the locks of a repository in a folder; one half written is none."""
    return [each.name for each in (repository / "locks").iterdir() if len(each.name) == 64]
