"""Fetching for a drill: outside of the sandbox, from the first repository that gives all, proved by the manifest."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.proving.manifest import Manifest
from sec_ops.backup.record.record import Record
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restoring.choosing import Point, listed_into
from sec_ops.backup.restoring.restore import Restored, RestoreDoors, restore
from sec_ops.backup.restoring.wanted import Wanted
from sec_ops.backup.running.verdicts import judged_of, worst
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.halting import Halt
from sec_ops.drill.running.values import Chosen, Fetched
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_record import FetchRecord, Problem, SourceRecord
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.model.text import printable
from sec_ops.workflows.drills.choosing import Choice, Selection, selected

__all__ = ["Fetching", "problem_of_judged"]

_SHOWN_PATHS = 20


@dataclass(slots=True, kw_only=True)
class Fetching:
    """Brings a system's data from its repositories, one after the other until one gives all of it.

    `opened` opens a repository for reading; `manifest` is that of what was restored in the end.
    """

    planned: PlannedSystem
    repositories: Mapping[str, Repository]
    opened: Callable[[Repository], Restic]
    record: Record
    choice: Choice
    halt: Halt
    clock: Clock
    attempts: list[FetchRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    manifest: Manifest | None = None
    _left: list[str] | None = None
    _next: tuple[Restic, Selection] | None = None

    def select(self) -> None:
        """Choose from the next repository that has something to choose; what the others lack is kept as attempts."""
        self._next = None
        self._left = list(self.planned.repositories) if self._left is None else self._left
        while self._left and self._next is None:
            self.halt.check()
            name = self._left.pop(0)
            begun = self.clock.monotonic_ms()
            try:
                self._next = self._selected(name)
            except SecOpsError as error:
                self._failed(name, begun, judged_of(error))

    def fetch(self, folder: Path) -> Fetched:
        """Fetch what was chosen into `folder`, and prove it; from the next repository when that fails."""
        while self._next is not None:
            restic, selection = self._next
            begun = self.clock.monotonic_ms()
            try:
                got = _Got(self, restic, selection, folder).all()
            except SecOpsError as error:
                self._failed(restic.repository.id, begun, judged_of(error))
            else:
                self._kept(restic.repository.id, begun, got)
                if got.judged.good:
                    return self._fetched(restic.repository.id, selection, got)
            self.halt.check()
            shutil.rmtree(folder, ignore_errors=True)
            self.select()
        what = message("no repository gave the data of {system}", system=self.planned.id)
        tried = ", ".join(each.repository for each in self.attempts)
        self.problems.append(Problem(what=what, why=tried, advice=message("see below what each of them said")))
        return Fetched(proved=False, attempts=self.attempts, problems=self.problems)

    def _selected(self, name: str) -> tuple[Restic, Selection] | None:
        begun = self.clock.monotonic_ms()
        restic = self.opened(self.repositories[name])
        judged = listed_into(self.record, restic)
        if not judged.good:
            self.halt.check()
            self._failed(name, begun, judged)
            return None
        return restic, selected(self.planned, self.record, restic, self.choice, self.halt)

    def _failed(self, name: str, begun_ms: int, judged: Judged) -> None:
        self._kept(name, begun_ms, Got(judged=judged))

    def _kept(self, name: str, begun_ms: int, got: "Got") -> None:
        self.attempts.append(
            FetchRecord(
                repository=name,
                place=self.repositories[name].place,
                verdict=got.judged.verdict.value,
                bytes=sum(each.bytes for each in got.sources),
                elapsed_ms=self.clock.monotonic_ms() - begun_ms,
                problem=None if got.judged.good else problem_of_judged(got.judged),
            )
        )

    def _fetched(self, name: str, selection: Selection, got: "Got") -> Fetched:
        self.manifest = got.manifest
        missing = _missing_tables(self.planned, got.manifest)
        self.problems += [*selection.told, *missing, *([_left_out(selection)] if selection.partial else [])]
        return Fetched(
            proved=not missing and not selection.partial,
            chosen=Chosen(
                run=selection.point.run,
                repository=name,
                place=self.repositories[name].place,
                far=name in self.planned.far,
            ),
            trusted=got.trusted,
            attempts=self.attempts,
            sources=got.sources,
            roots=got.roots,
            problems=self.problems,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What one repository gave."""

    judged: Judged
    sources: Sequence[SourceRecord] = ()
    roots: Mapping[str, Path] = field(default_factory=dict)
    trusted: Sequence[str] = ()
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class _Got:
    fetching: Fetching
    restic: Restic
    selection: Selection
    folder: Path

    def all(self) -> Got:
        """Restore the point, then the base backups that come from others."""
        wanted = self._wanted()
        whole = restore(self.selection.point, wanted, self._doors()) if wanted.sources else None
        parts = [whole] if whole else []
        for source, point in self.selection.bases.items():
            if all(each.judged.good for each in parts):
                self.fetching.halt.check()
                parts.append(self._base(source, point))
        self.fetching.halt.check()
        return self._together(parts)

    def _wanted(self) -> Wanted:
        """Return the sources that have something in the point; one that has only a base backup elsewhere has not."""
        there = {each.source for each in self.selection.point.parts}
        alone = {name for name in self.selection.bases if name not in there}
        sources = [each for each in self.fetching.planned.sources if each not in alone]
        return Wanted(folder=self.folder, sources=sources, paths=self.fetching.planned.paths)

    def _base(self, source: str, point: Point) -> Restored:
        beside = self.folder.with_name(f"{self.folder.name}.{source}")
        restored = restore(point, Wanted(folder=beside, sources=[source]), self._doors())
        if restored.judged.good:
            root = self.folder / source
            root.mkdir(mode=0o700, exist_ok=True)
            for each in (beside / source).iterdir():
                each.rename(root / each.name)
        shutil.rmtree(beside, ignore_errors=True)
        return restored

    def _doors(self) -> RestoreDoors:
        return RestoreDoors(
            restic=self.restic,
            doors=LocalDoors(clock=self.fetching.clock),
            folder=self.fetching.choice.folder,
            trust=self.fetching.choice.trust,
            loadings={},
        )

    def _together(self, parts: Sequence[Restored]) -> Got:
        records: dict[str, SourceRecord] = {}
        for each in parts:
            for record in _records(each):
                records[record.source] = _added(records.get(record.source), record)
        first = parts[0]
        return Got(
            judged=worst(each.judged for each in parts),
            sources=tuple(records.values()),
            roots={name: self.folder / name for name in records if (self.folder / name).is_dir()},
            trusted=first.trusted,
            manifest=first.manifest,
        )


def problem_of_judged(judged: Judged) -> Problem:
    """Return a verdict as a problem of the record, with the first paths it names."""
    more = len(judged.paths) - _SHOWN_PATHS
    paths = [printable(each) for each in judged.paths[:_SHOWN_PATHS]] + ([f"… +{more}"] if more > 0 else [])
    why = "\n".join(filter(None, (printable(judged.why)[:4000], *paths)))
    return Problem(what=judged.what, why=why, advice=judged.advice)


def _records(restored: Restored) -> Iterator[SourceRecord]:
    saved = {each.source: each for each in restored.manifest.sources} if restored.manifest else {}
    for each in restored.sources:
        found, known = each.files.differences, saved.get(each.files.source)
        yield SourceRecord(
            source=each.files.source,
            kind=known.kind if known else "",
            verdict=each.judged.verdict.value,
            files=found.files if found else 0,
            bytes=found.bytes if found else 0,
            proved=found.proved if found else 0,
            missing=found.missing if found else 0,
            different=found.different if found else 0,
            extra=found.extra if found else 0,
            tables=len(known.tables) if known else 0,
            taken_at=known.taken_at if known else "",
            problems=() if each.judged.good else (problem_of_judged(each.judged),),
        )


def _left_out(selection: Selection) -> Problem:
    run = selection.point.run
    what = message("run {run} left something out when it was saved, which nothing brings back", run=run)
    return Problem(what=what, advice=message("see what: sec-ops backup status; mend it, and run the plan again"))


_COUNTS = ("files", "bytes", "proved", "missing", "different", "extra")


def _added(one: SourceRecord | None, other: SourceRecord) -> SourceRecord:
    """Return a source whose base backup came from another run than its log: the log's moment is what it stands for."""
    if one is None:
        return other
    counts: dict[str, object] = {name: getattr(one, name) + getattr(other, name) for name in _COUNTS}
    verdict = worst([_plain(one.verdict), _plain(other.verdict)]).verdict.value
    return one.model_copy(update={**counts, "verdict": verdict, "problems": (*one.problems, *other.problems)})


def _plain(verdict: str) -> Judged:
    return Judged(verdict=Verdict(verdict), what=message("done"))


def _missing_tables(planned: PlannedSystem, manifest: Manifest | None) -> list[Problem]:
    """Return each table that was to come back and that no source of the run counted."""
    counted = {table.name for source in manifest.sources for table in source.tables} if manifest else set()
    return [
        Problem(
            what=message("{table}: the manifest tells of no such table", table=name),
            advice=message(
                "name it as the backup counts it, such as {example}", example=min(counted, default="public.t")
            ),
        )
        for name in planned.tables
        if name not in counted
    ]
