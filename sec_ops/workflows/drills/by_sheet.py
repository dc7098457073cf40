"""Repositories of a drill by the printed sheet alone: its own lines, typed into a clean shell, and nothing of ours."""

import json
import shlex
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sec_ops.backup.by_hand import word
from sec_ops.backup.naming import MANIFEST, named
from sec_ops.backup.proving.checking import judged_trust
from sec_ops.backup.proving.manifest import ManifestPart
from sec_ops.backup.proving.reading import ManifestFile, opened_manifest
from sec_ops.backup.restoring.choosing import PartOfPoint, Point
from sec_ops.backup.restoring.files import proved_files
from sec_ops.backup.restoring.restore import Restored, SourceRestored
from sec_ops.backup.restoring.wanted import Wanted
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.sheet.values import Sheet
from sec_ops.backup.source import Doors
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.halting import Halt
from sec_ops.model.backup_plan import Repository, SecretReference
from sec_ops.model.drill_record import Problem
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.model.text import printable
from sec_ops.runtime.files import make_folder
from sec_ops.transport.streaming import HeadAndTail, StreamProgram
from sec_ops.workflows.drills.choosing import Choice
from sec_ops.workflows.drills.offering import Got, got_together
from sec_ops.workflows.drills.sheet_lines import Typed, asked_for, fetches, kept, part_of, typed_lines

__all__ = ["BySheet"]

_MARK = "sec-ops: listed"
_BASE = "base"
_TOLERANCE = timedelta(minutes=5)
_KEPT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BySheet:
    """`secret_of` reads a secret that a person would type; `restic` is the program, `folder` the shell's own home.

    `choice` says whose signatures are believed; the newest run is taken, as the sheet says.
    """

    sheet: Sheet
    restic: str
    secret_of: Callable[[SecretReference], str]
    stream: StreamProgram
    doors: Doors
    choice: Choice
    folder: Path
    halt: Halt
    clock: Clock

    def __call__(self, planned: PlannedSystem, repository: Repository, /) -> "_Offered | Judged":
        """Return what the sheet leads to in a repository; raises EngineError when its lines end badly."""
        typed = typed_lines(self.sheet, planned.id, repository.id)
        shell = _Shell(self, typed, repository)
        runs = _runs(shell.list(typed.listing), self.clock.now())
        if not runs:
            what = message("there is no restore point of {system} that counts", system=planned.id)
            return Judged(verdict=Verdict.FAILED, what=what)
        return _Offered(self, planned, shell, typed, repository.id, runs[-1])


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as its manifest's snapshot shows it: by its tags, and the time it claims."""

    run: str
    claimed: datetime
    whole: bool


@dataclass(frozen=True, slots=True)
class _Offered:
    way: BySheet
    planned: PlannedSystem
    shell: "_Shell"
    typed: Typed
    repository: str
    chosen: _Run

    @property
    def run(self) -> str:
        return self.chosen.run

    @property
    def partial(self) -> bool:
        return not self.chosen.whole

    @property
    def told(self) -> tuple[Problem, ...]:
        return ()

    def take(self, folder: Path) -> Got:
        """Type the lines of each source, then prove what came by the manifests; base backups by their own runs'."""
        bases = {source: run for source in self.planned.sources if (run := self._base_of(source)) not in ("", self.run)}
        parts = [self._taken(self.run, self.planned.sources, folder, without=bases)]
        for source, run in bases.items():
            beside = folder.with_name(f"{folder.name}.{source}")
            parts.append(self._taken(run, [source], beside, without=()))
            for each in (beside / source).iterdir():
                each.rename(make_folder(folder / source) / each.name)
            shutil.rmtree(beside)
        return got_together(parts, folder)

    def _base_of(self, source: str) -> str:
        """Return the run of the newest base backup up to the chosen run, as the sheet says; empty where none is."""
        listing = next((line for line in self.typed.sources[source] if line.endswith(f"part:{_BASE}")), "")
        found = [each for each in map(_of_base, self.shell.list(listing) if listing else ()) if each]
        early = [each for each in found if each.claimed <= self.chosen.claimed]
        return max(early, key=lambda each: each.claimed).run if early else ""

    def _taken(self, run: str, sources: Sequence[str], folder: Path, *, without: Collection[str]) -> Restored:
        """Restore sources of one run, `without` the base backups of some, and prove them by its manifest.

        Of a base backup's own run nothing else is taken.
        """
        answers = {"RUN": run, "BASE": run}
        for source in sources:
            self.way.halt.check()
            lines = [line for line in self.typed.sources[source] if fetches(line)]
            base = [line for line in lines if part_of(line) == _BASE]
            wanted = base if run != self.run else [each for each in lines if source not in without or each not in base]
            self.shell.type([kept(line) for line in wanted], make_folder(folder / source), answers)
        place = make_folder(self.way.choice.folder / f"{self.planned.id}.sheet")
        self.shell.type([kept(self.typed.manifest)], place, answers)
        fetched = opened_manifest(place / f".{MANIFEST}", self.way.choice.trust)
        came = tuple(self._source(folder, each, fetched, base_only=run != self.run) for each in sources)
        judged = worst([*(each.judged for each in came), judged_trust(fetched, run, self.repository)])
        point = Point(run=run, system=self.planned.id, manifest="", standing={}, parts=(), sizes={})
        return Restored(point=point, judged=judged, sources=came, trusted=fetched.trusted, manifest=fetched.manifest)

    def _source(self, folder: Path, source: str, fetched: ManifestFile, *, base_only: bool) -> SourceRestored:
        saved = next((each for each in fetched.manifest.sources if each.source == source), None)
        parts = [each for each in (saved.parts if saved else ()) if not base_only or each.part == _BASE]
        for each in parts:
            _named(folder / source, each)
        files = proved_files(
            fetched,
            [PartOfPoint(source=source, part=each.part, snapshot=each.snapshot, host=each.host) for each in parts],
            Wanted(folder=folder, sources=[source]),
            doors=self.way.doors,
            folder=self.way.choice.folder,
            deadline_seconds=self.planned.plan.deadline_minutes * 60.0,
        )
        return SourceRestored(files=files)


@dataclass(frozen=True, slots=True)
class _Shell:
    """A shell of nobody: restic and the system's own programs, and what a person answers at its stdin."""

    way: BySheet
    typed: Typed
    repository: Repository

    def list(self, line: str) -> list[dict[str, object]]:
        """Return the snapshots a line lists; raises EngineError."""
        said = self._said([*self.typed.opening, f"echo {shlex.quote(_MARK)}", f"{line} --json"])
        try:
            found: list[dict[str, object]] = json.loads(said.partition(f"{_MARK}\n")[2] or "[]")
        except ValueError as error:
            raise EngineError(message("restic's answer can't be read"), why=said[-500:]) from error
        return found

    def type(self, lines: Sequence[str], into: Path, answers: Mapping[str, str]) -> None:
        """Type lines that restore below a folder; raises EngineError with what was said when one ends badly."""
        begin = [*self.typed.opening, f"TO={word(str(into))}", 'cd "$TO"']
        self._said([*begin, *(f"{name}={word(value)}" for name, value in answers.items()), *lines])

    def _said(self, lines: Sequence[str]) -> str:
        home = make_folder(self.way.folder)
        asked = asked_for(lines)
        typed = "".join(f"{self._secret(name)}\n" for name in asked)
        said, complained = HeadAndTail(_KEPT_BYTES), HeadAndTail(_KEPT_BYTES)
        ended = self.way.stream(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
            stdout=said,
            stderr=complained,
            stdin=typed.encode(),
            deadline_seconds=self.repository.deadline_minutes * 60.0,
            environment={"PATH": f"{_programs(home, self.way.restic)}:/usr/bin:/bin", "HOME": str(home), **_LANGUAGE},
        )
        self.way.halt.check()
        if ended.exit_code == 0:
            return said.bytes().decode(errors="replace")
        why = printable(complained.bytes().decode(errors="replace").strip())[-2000:]
        what = message("a line of the sheet ended badly: {repository}", repository=self.repository.id)
        raise EngineError(what, why=why, advice=message("type it as the sheet says, and see: sec-ops backup sheet"))

    def _secret(self, name: str) -> str:
        """Return what a person would type: from the page in the safe where there is one."""
        if name == "RESTIC_PASSWORD":
            return self.way.secret_of(self.repository.escrow or self.repository.password)
        if name not in self.repository.credentials:
            raise EngineError(message("the sheet asks for {name}, and nobody knows it", name=name))
        return self.way.secret_of(self.repository.credentials[name])


_LANGUAGE = {"LC_ALL": "C.UTF-8"}


def _programs(home: Path, restic: str) -> Path:
    """Return a folder with nothing but restic, which takes no lock there: the repository is production's."""
    folder = make_folder(home / "bin")
    program = folder / "restic"
    if not program.exists():
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(restic)} --no-lock "$@"\n')
        program.chmod(0o700)
    return folder


def _runs(snapshots: Sequence[Mapping[str, object]], now: datetime) -> list[_Run]:
    """Return the runs that count by the sheet's own words, the one to take last: whole ones first, then by time."""
    found = []
    for each in snapshots:
        tags = each.get("tags")
        name = named([str(tag) for tag in tags]) if isinstance(tags, list) else None
        claimed = _moment(str(each.get("time", "")))
        if name and name.verdict in (Verdict.OK, Verdict.PARTIAL) and claimed and claimed <= now + _TOLERANCE:
            found.append(_Run(name.run, claimed, name.verdict == Verdict.OK))
    return sorted(found, key=lambda each: (each.whole, each.claimed))


def _of_base(snapshot: Mapping[str, object]) -> _Run | None:
    tags = snapshot.get("tags")
    name = named([str(tag) for tag in tags]) if isinstance(tags, list) else None
    claimed = _moment(str(snapshot.get("time", "")))
    return _Run(name.run, claimed, whole=True) if name and claimed else None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _named(root: Path, part: ManifestPart) -> None:
    """Give a stream the name it was saved by."""
    kept = root / f".{part.part}"
    if part.filename and kept.is_file() and not kept.is_symlink():
        kept.rename(root / part.filename)
