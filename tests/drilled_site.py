"""A site with backups of real systems, scenarios and recoveries, for tests of drills."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.backup_site import BackupSite
from tests.servers.databases import PASSWORD, Database

__all__ = ["DrilledSite", "check", "dump_of"]


class DrilledSite(BackupSite):
    """A site whose drills are written by tests; every path of its own lies below `root`."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root, capsys)
        for name in ("drills", "recoveries"):
            shutil.rmtree(root / "backup" / name, ignore_errors=True)
            (root / "backup" / name).mkdir(parents=True)
        hosts = root / "inventory" / "hosts.yml"
        # What is lost is probed: nothing of a test may leave this machine.
        hosts.write_text(re.sub(r"(ansible_host: )[^,}]*", r"\g<1>127.0.0.9", hosts.read_text(encoding="utf-8")))
        (root / "secrets").mkdir(exist_ok=True)
        (root / "secrets" / "database").write_text(PASSWORD + "\n")
        (root / "secrets" / "database").chmod(0o600)

    def recovery(self, system: str, checks: Sequence[dict[str, Any]], **more: Any) -> None:
        """Write how a system comes back."""
        document = {"id": system, "checks": list(checks), **more}
        (self.root / "backup" / "recoveries" / f"{system}.yml").write_text(json.dumps(document))

    def scenario(self, name: str, kind: str, *systems: dict[str, Any], **more: Any) -> None:
        """Write a scenario."""
        text = {"zh": f"演练 {name}", "en": f"drill {name}"}
        document = {"id": name, "title": text, "kind": kind, "aim": text, "systems": list(systems), **more}
        (self.root / "backup" / "drills" / f"{name}.yml").write_text(json.dumps(document))

    def drill(self, name: str, *words: str) -> tuple[int, Any]:
        """Run a drill; return its exit code and its record."""
        return self.call("drill", "run", name, *words)

    def saved(self, system: str) -> str:
        """Back a system up; return the run."""
        code, body = self.call("backup", "run", system)
        assert code == 0, body
        return str(body["systems"][0]["run"])

    def scratch(self) -> list[Path]:
        """Return what is left of drills' own folders."""
        folder = self.root / "var" / "drill" / "scratch"
        return sorted(folder.iterdir()) if folder.exists() else []


def check(kind: str, service: str | None = None, *, name: str = "works", **settings: Any) -> dict[str, Any]:
    """Return a check."""
    asked = {"service": service} if service else {}
    return {"id": name, "title": {"zh": "可用", "en": "works"}, "kind": kind, "settings": settings, **asked}


def dump_of(server: Database, database: str, **more: Any) -> dict[str, Any]:
    """Return a source that dumps a database of a PostgreSQL server."""
    settings = {"server": server.server, "port": server.port, "user": "keeper", "database": database}
    password = {"file": "secrets/database"}
    return {"id": "database", "kind": "postgresql", "password": password, "settings": settings, **more}
