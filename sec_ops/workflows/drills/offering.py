"""What one repository offers for a drill, and what came of taking it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sec_ops.backup.proving.manifest import Manifest
from sec_ops.backup.restoring.restore import Restored
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_record import Problem, SourceRecord
from sec_ops.model.messages import message
from sec_ops.model.text import printable

__all__ = ["Got", "Offer", "Offering", "got_together", "problem_of_judged"]

_SHOWN_PATHS = 20
_COUNTS = ("files", "bytes", "proved", "missing", "different", "extra")


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What one repository gave: folders by source, what was compared, whose signatures are believed."""

    judged: Judged
    sources: Sequence[SourceRecord] = ()
    roots: Mapping[str, Path] = field(default_factory=dict)
    trusted: Sequence[str] = ()
    manifest: Manifest | None = None


class Offer(Protocol):
    """A restore point of a system in a repository, chosen and ready to be fetched."""

    @property
    def run(self) -> str:
        """Return the run that made it."""
        ...

    @property
    def partial(self) -> bool:
        """Return whether its run left something out when it was saved."""
        ...

    @property
    def told(self) -> Sequence[Problem]:
        """Return what people should know of the choice and what doesn't count against it."""
        ...

    def take(self, folder: Path) -> Got:
        """Fetch it into a new folder and prove it; raises SecOpsError, Halted."""
        ...


class Offering(Protocol):
    """A way to repositories."""

    def __call__(self, planned: PlannedSystem, repository: Repository, /) -> Offer | Judged:
        """Return what a repository offers, or why it offers nothing; raises SecOpsError, Halted."""
        ...


def got_together(parts: Sequence[Restored], folder: Path) -> Got:
    """Return what was restored below `folder` as one, a source whose base backup came from another run too."""
    records: dict[str, SourceRecord] = {}
    for each in parts:
        for record in _records(each):
            records[record.source] = _added(records.get(record.source), record)
    return Got(
        judged=worst(each.judged for each in parts),
        sources=tuple(records.values()),
        roots={name: folder / name for name in records if (folder / name).is_dir()},
        trusted=parts[0].trusted,
        manifest=parts[0].manifest,
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


def _added(one: SourceRecord | None, other: SourceRecord) -> SourceRecord:
    """Return a source whose base backup came from another run than its log: the log's moment is what it stands for."""
    if one is None:
        return other
    counts: dict[str, object] = {name: getattr(one, name) + getattr(other, name) for name in _COUNTS}
    verdict = worst([_plain(one.verdict), _plain(other.verdict)]).verdict.value
    return one.model_copy(update={**counts, "verdict": verdict, "problems": (*one.problems, *other.problems)})


def _plain(verdict: str) -> Judged:
    return Judged(verdict=Verdict(verdict), what=message("done"))
