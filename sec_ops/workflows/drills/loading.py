"""Fetched data into services of the sandbox, by what loads and counts it outside."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sec_ops.backup.proving.manifest import Manifest, ManifestSource
from sec_ops.backup.restoring.databases import compared_tables, proved_tables
from sec_ops.backup.source import Facts, Logged, Order, Serving, Verifying
from sec_ops.backup.sources import settings_of, source_of
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.halting import Halt
from sec_ops.drill.running.values import Counted, Unpacked
from sec_ops.drill.sandbox.doors import SandboxDoors
from sec_ops.drill.service import Standing
from sec_ops.drill.services.postgresql import programs_for
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.drill_record import Problem
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Completed
from sec_ops.model.text import printable

__all__ = ["Loading"]

_SHOWN = 20
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """Loads and counts the sources of one system; `only` are the tables that count, all where none is named."""

    planned: PlannedSystem
    halt: Halt

    def unpack(self, roots: Mapping[str, Path], folder: Path, doors: SandboxDoors) -> Unpacked:
        """Make base backups into data folders below `folder`; name the folders of log."""
        restored, logs, failed = dict(roots), dict[str, Path](), dict[str, Problem]()
        for source in self.planned.plan.sources:
            root, kind = roots.get(source.id), source_of(source.kind)
            if root is None:
                continue
            if isinstance(kind, Logged):
                logs[source.id] = root / str(kind.log_folder(settings_of(source))).lstrip("/")
                _complete(logs[source.id], doors)
            if isinstance(kind, Serving):
                self.halt.check()
                restored[source.id] = folder / source.id
                problem = self._unpacked(source, root, folder / source.id, doors)
                failed |= {source.id: problem} if problem else {}
        return Unpacked(restored=restored, logs=logs, failed=failed)

    def load(self, source: str, root: Path, standing: Standing, into: str, doors: SandboxDoors) -> Problem | None:
        """Load a dump; return why it did not go in."""
        order = self._order(source, standing, doors)
        return self._commands(order, root, into, doors)

    def count(self, saved: ManifestSource, standing: Standing, into: str, doors: SandboxDoors) -> Counted:
        """Count a loaded source and compare it with what was saved."""
        order = self._order(saved.source, standing, doors)
        found = source_of(order.source.kind).recount(order, into)
        tables = [each for each in saved.tables if self._counts(each.name)]
        there = replace(found, tables=tuple(each for each in found.tables if self._counts(each.name)))
        differences = compared_tables(tables, there)
        return Counted(
            tables=len(tables),
            proved=proved_tables(tables, there),
            heartbeat=found.heartbeat,
            problems=_different(saved.source, differences),
        )

    def asked(self, source: str, standing: Standing, doors: SandboxDoors) -> Facts:
        """Return what a server tells that a base backup became."""
        order = self._order(source, standing, doors)
        kind = source_of(order.source.kind)
        return kind.asked(order) if isinstance(kind, Serving) else Facts()

    def _counts(self, table: str) -> bool:
        return not self.planned.tables or table in self.planned.tables

    def _order(self, source: str, standing: Standing, doors: SandboxDoors) -> Order:
        """Return the plan's order with the drill's own server in place of production's, and no secret."""
        settings = next(each for each in self.planned.plan.sources if each.id == source)
        return _inside(settings, standing.client, doors, self.planned.plan.deadline_minutes * 60.0)

    def _unpacked(self, source: SourceSettings, root: Path, into: Path, doors: SandboxDoors) -> Problem | None:
        """Unpack a base backup and have its own system verify it."""
        deadline = self.planned.plan.deadline_minutes * 60.0
        order = _inside(source, {}, doors, deadline)
        doors.sandbox.make_folder(into.parent)
        problem = self._commands(order, root, doors.sandbox.seen(into), doors)
        kind = source_of(source.kind)
        if problem or not isinstance(kind, Verifying):
            return problem
        programs = {"programs": str(programs_for(doors.sandbox, into))}
        words = kind.verifying(_inside(source, programs, doors, deadline), doors.sandbox.seen(into))
        ended = doors.run(words, deadline_seconds=deadline)
        if ended.exit_code == 0:
            return None
        return Problem(
            what=message("{source}: what was loaded is not what was saved", source=source.id), why=_said(ended)
        )

    def _commands(self, order: Order, root: Path, into: str, doors: SandboxDoors) -> Problem | None:
        for each in source_of(order.source.kind).loading(order, into):
            self.halt.check()
            reads = root / each.reads if each.reads else None
            ended = doors.run(each.arguments, deadline_seconds=order.deadline_seconds, reads=reads)
            if ended.exit_code != 0:
                what = message("{source}: could not be loaded into {into}", source=order.source.id, into=into)
                return Problem(what=what, why=_said(ended))
        return None


def saved_in(manifest: Manifest | None, source: str) -> ManifestSource | None:
    """Return what a manifest says of a source."""
    return next((each for each in manifest.sources if each.source == source), None) if manifest else None


def _inside(source: SourceSettings, client: Mapping[str, object], doors: SandboxDoors, seconds: float) -> Order:
    settings = source.model_copy(update={"settings": {**source.settings, **client}})
    return Order(source=settings, doors=doors, last_good=_never, deadline_seconds=seconds)


def _complete(log: Path, doors: SandboxDoors) -> None:
    """Give the last segment of a received log its name: what was written of it counts, the rest of it is empty."""
    names = set(doors.sandbox.listed(log))
    for name in sorted(names):
        if name.endswith(_PARTIAL) and name.removesuffix(_PARTIAL) not in names:
            doors.sandbox.move(log / name, log / name.removesuffix(_PARTIAL))


def _different(source: str, differences: list[Message]) -> tuple[Problem, ...]:
    if not differences:
        return ()
    what = message("{source}: {count} tables are not as they were saved", source=source, count=len(differences))
    return (Problem(what=what, why="\n".join(str(each) for each in differences[:_SHOWN])),)


def _said(ended: Completed) -> str:
    return printable(ended.stderr.decode(errors="replace").strip())[-2000:] or f"exit {ended.exit_code}"


def _never(part: str) -> datetime | None:  # noqa: ARG001 - the protocol names it
    return None
