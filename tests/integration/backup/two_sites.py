"""Two sites, each with its own controller, for tests of copies."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.naming import MANIFEST, Named, tags_of
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, Stream
from tests.backup_site import BackupSite
from tests.servers.restic import make_repository, make_restic

__all__ = ["SYSTEM", "Two", "named", "runs_of", "save_as"]

SYSTEM = "student-records"


@pytest.fixture(scope="session")
def _made_far(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the chunker of `_made`."""
    folder = tmp_path_factory.mktemp("made-far")
    near = make_repository(_made)
    assert make_restic(make_repository(folder / "far"), folder).init(chunker_of=near).judged.good
    return folder / "far"


@dataclass
class Two:
    """Site A saves `tree` to `near`; site B pulls it to `far`, 60 km away."""

    a: BackupSite
    b: BackupSite
    tree: Path
    copies: dict[str, Any] = field(default_factory=dict)
    saved: int = 0

    def plan(self, **more: Any) -> None:
        """Write the plan at both sites."""
        copy = {"repository": "far", "timing": {"every_hours": 1}, "retention": {"last": 2}, **self.copies}
        for site in (self.a, self.b):
            site.files(SYSTEM, self.tree, "near", copies=[copy], **more)

    def run(self) -> str:
        """Run the plan at A; return the run's name."""
        code, body = self.a.call("backup", "run", SYSTEM)
        assert code == 0, body
        return str(body["systems"][0]["run"])

    def save(self) -> str:
        """Save as a run of the plan would, with fewer calls; return the run's name."""
        self.saved += 1
        save_as(self.near, self.tree, f"run-{self.saved}", datetime.now(UTC))
        return f"run-{self.saved}"

    def copy(self) -> tuple[int, dict[str, Any]]:
        """Pull at B; return exit code and what it came to."""
        code, body = self.b.call("backup", "copy", SYSTEM)
        return code, body["systems"][0]

    @property
    def near(self) -> Restic:
        """Return A's repository."""
        return make_restic(make_repository(self.a.root / "data" / "near"), self.a.root)

    @property
    def far(self) -> Restic:
        """Return B's repository."""
        return make_restic(make_repository(self.b.root / "data" / "far"), self.b.root)


@pytest.fixture
def two(tmp_path: Path, _made: Path, _made_far: Path, tree: Path, capsys: pytest.CaptureFixture[str]) -> Two:
    a, b = BackupSite(tmp_path / "a-site", capsys), BackupSite(tmp_path / "b-site", capsys)
    for site, place in ((a, "centre"), (b, "second-site")):
        with (site.root / "sec-ops.yml").open("a") as file:
            file.write(f"backup: {{place: {place}}}\n")
    near, far = a.repository("near", _made), b.repository("far", _made_far, place="second-site")
    b.repository("near", location=str(near))
    a.repository("far", location=str(far), place="second-site")
    two = Two(a, b, tree)
    two.plan()
    return two


def named(run: str) -> Named:
    """Return the name of a run's part."""
    return Named(system=SYSTEM, run=run, source="files", part="files")


def runs_of(restic: Restic) -> set[str]:
    """Return the runs whose manifests are in a repository."""
    manifests = [each for each in restic.snapshots().snapshots if f"part:{MANIFEST}" in each.tags]
    return {tag.removeprefix("run:") for each in manifests for tag in each.tags if tag.startswith("run:")}


def save_as(restic: Restic, tree: Path, run: str, when: datetime) -> None:
    """Save a whole run under a name, dated as somebody likes."""
    saved = restic.backup(BackupRequest(host="h", tags=tags_of(named(run)), paths=[tree], time=when))
    assert saved.judged.good
    tags = tags_of(Named(system=SYSTEM, run=run, part=MANIFEST, verdict="ok"))
    stream = Stream(command=["echo", "{}"], filename="manifest.json")
    later = when + timedelta(milliseconds=5)
    assert restic.backup(BackupRequest(host="h", tags=tags, stream=stream, time=later)).judged.good
