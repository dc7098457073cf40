"""Repositories of a drill by the restic door: listed into the record, a point chosen in order of arrival, restored."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.record.record import Record
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restoring.choosing import Point, listed_into
from sec_ops.backup.restoring.restore import Restored, RestoreDoors, restore
from sec_ops.backup.restoring.wanted import Wanted
from sec_ops.backup.verdict import Judged
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.halting import Halt
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_record import Problem
from sec_ops.model.protocols import Clock
from sec_ops.workflows.drills.choosing import Choice, Selection, selected
from sec_ops.workflows.drills.injecting import Injection
from sec_ops.workflows.drills.offering import Got, got_together

__all__ = ["ByRestic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRestic:
    """`opened` opens a repository for reading, `looked` judges a system's runs in one before a point is chosen.

    `injection` puts faults between.
    """

    opened: Callable[[Repository], Restic]
    looked: Callable[[Restic, str], Judged]
    injection: Injection
    record: Record
    choice: Choice
    halt: Halt
    clock: Clock

    def __call__(self, planned: PlannedSystem, repository: Repository, /) -> "_Offered | Judged":
        """Return what a repository offers, or why it offers nothing."""
        restic = self.injection.opened(self.opened(repository))
        judged = listed_into(self.record, restic)
        if judged.good:
            judged = self.looked(restic, planned.id)
        self.halt.check()
        if not judged.good:
            return judged
        selection = selected(planned, self.record, restic, self.choice, self.halt)
        return _Offered(self, planned, restic, selection)


@dataclass(frozen=True, slots=True)
class _Offered:
    way: ByRestic
    planned: PlannedSystem
    restic: Restic
    selection: Selection

    @property
    def run(self) -> str:
        return self.selection.point.run

    @property
    def partial(self) -> bool:
        return self.selection.partial

    @property
    def told(self) -> tuple[Problem, ...]:
        return tuple(self.selection.told)

    def take(self, folder: Path) -> Got:
        """Restore the point, then the base backups that come from others."""
        snapshots = [each.snapshot for each in self.selection.point.parts if each.source]
        restic = self.way.injection.fetched(self.restic, snapshots)
        wanted = self._wanted(folder)
        parts = [restore(self.selection.point, wanted, self._doors(restic))] if wanted.sources else []
        for source, point in self.selection.bases.items():
            if all(each.judged.good for each in parts):
                self.way.halt.check()
                parts.append(self._base(source, point, folder, restic))
        self.way.halt.check()
        return got_together(parts, folder)

    def _wanted(self, folder: Path) -> Wanted:
        """Return the sources that have something in the point; one that has only a base backup elsewhere has not."""
        there = {each.source for each in self.selection.point.parts}
        alone = {name for name in self.selection.bases if name not in there}
        sources = [each for each in self.planned.sources if each not in alone]
        return Wanted(folder=folder, sources=sources, paths=self.planned.paths)

    def _base(self, source: str, point: Point, folder: Path, restic: Restic) -> Restored:
        beside = folder.with_name(f"{folder.name}.{source}")
        restored = restore(point, Wanted(folder=beside, sources=[source]), self._doors(restic))
        if restored.judged.good:
            root = folder / source
            root.mkdir(mode=0o700, exist_ok=True)
            for each in (beside / source).iterdir():
                each.rename(root / each.name)
        shutil.rmtree(beside, ignore_errors=True)
        return restored

    def _doors(self, restic: Restic) -> RestoreDoors:
        return RestoreDoors(
            restic=restic,
            doors=LocalDoors(clock=self.way.clock),
            folder=self.way.choice.folder,
            trust=self.way.choice.trust,
            loadings={},
        )
