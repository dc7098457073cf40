"""One system's way from its repositories into services, as the drill's room wants it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sec_ops.drill.running.values import Counted, Fetched, Unpacked
from sec_ops.drill.sandbox.doors import SandboxDoors
from sec_ops.drill.service import Standing
from sec_ops.model.drill_record import Problem
from sec_ops.model.messages import message
from sec_ops.workflows.drills.fetching import Fetching
from sec_ops.workflows.drills.loading import Loading, saved_in
from sec_ops.workflows.drills.received import with_received

__all__ = ["SystemRestoring"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRestoring:
    """Fetching outside, loading inside."""

    fetching: Fetching
    loading: Loading

    def select(self) -> None:
        """Choose a restore point in the first repository that has one."""
        self.fetching.select()

    def fetch(self, folder: Path) -> Fetched:
        """Fetch it and prove it; where that fails, from the next. A log this machine receives is newer than saved."""
        return with_received(self.fetching.planned, self.fetching.fetch(folder))

    def unpack(self, roots: Mapping[str, Path], folder: Path, doors: SandboxDoors) -> Unpacked:
        """Make base backups into data folders."""
        return self.loading.unpack(roots, folder, doors)

    def load(self, source: str, root: Path, standing: Standing, into: str, doors: SandboxDoors) -> Problem | None:
        """Load a dump."""
        return self.loading.load(source, root, standing, into, doors)

    def count(self, source: str, standing: Standing, into: str, doors: SandboxDoors) -> Counted:
        """Count a loaded source and compare it with its manifest."""
        saved = saved_in(self.fetching.manifest, source)
        if saved is None:
            return Counted(
                problems=(Problem(what=message("{source}: the manifest does not tell of it", source=source)),)
            )
        return self.loading.count(saved, standing, into, doors)

    def last_heartbeat(self, source: str, standing: Standing, doors: SandboxDoors) -> Counted:
        """Ask a server that a base backup became for its last heartbeat."""
        return Counted(heartbeat=self.loading.asked(source, standing, doors).heartbeat)
