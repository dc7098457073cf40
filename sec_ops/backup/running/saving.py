"""Saving a set of sources: all held still together, each part one call of restic, then their facts."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sec_ops.backup.dumping.stillness import changed_since, moment_there
from sec_ops.backup.naming import Named, tags_of
from sec_ops.backup.proving.saving import Proved, save_part
from sec_ops.backup.proving.saving import Saving as ProofOf
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Event
from sec_ops.backup.restic.requests import BackupRequest, Stream
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.running.place import Place, Places
from sec_ops.backup.running.saved import SavedPart, SavedSource
from sec_ops.backup.running.verdicts import COUNTS, HOPELESS, judged_of, worst
from sec_ops.backup.source import Capture, Facts, Order, Part
from sec_ops.backup.sources import source_of
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import Secret

__all__ = ["Saving", "save_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What saving needs of its run: names, doors, and how many seconds are left.

    `restic` lists in the plan's repository what a place has saved there; `digests` is a folder for digests of files,
    which may be lost. `arrived` is told of each part at once, whether it counts or not. `options` are restic's own.
    """

    system: str
    run: str
    restic: Restic
    digests: Path
    places: Places
    secret_of: Callable[[SourceSettings], Secret | None]
    last_good: Callable[[str, str], datetime | None]
    arrived: Callable[[SourceSettings, str, SavedPart], None]
    seconds_left: Callable[[], float]
    hear: Callable[[str, Event], None]
    options: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class _Member:
    """A source of the set on its way."""

    source: SourceSettings
    host: str = ""
    place: Place | None = None
    since: str = ""
    capture: Capture | None = None
    parts: list[SavedPart] = field(default_factory=list)
    facts: Facts | None = None
    judged: Judged = field(default_factory=lambda: worst(()))

    def saved(self) -> SavedSource:
        """Return what it came to; facts only where the data counts."""
        facts = self.facts if self.judged.verdict in COUNTS else None
        return SavedSource(source=self.source, host=self.host, judged=self.judged, parts=tuple(self.parts), facts=facts)


def save_set(sources: Sequence[SourceSettings], saving: Saving) -> tuple[SavedSource, ...]:
    """Save sources that only count together, or one alone; never raises for what a source or a repository does."""
    members = [_Member(source=each) for each in sources]
    try:
        with ExitStack() as stack:
            steps = (_reach if len(members) == 1 else _reach_and_note, _open, _save, _ask)
            all(all(step(each, saving, stack) for each in members) for step in steps)
    except SecOpsError as error:
        # A door that closed badly: nobody knows whether the data stood still until then.
        for each in members:
            each.judged = worst((each.judged, judged_of(error)))
    _count_together(members)
    return tuple(each.saved() for each in members)


def _reach(member: _Member, saving: Saving, stack: ExitStack) -> bool:
    """Reach the machine of a source; return whether that worked."""
    try:
        member.place = stack.enter_context(saving.places(member.source))
        member.host = member.place.host
    except SecOpsError as error:
        member.judged = judged_of(error)
    return member.place is not None


def _reach_and_note(member: _Member, saving: Saving, stack: ExitStack) -> bool:
    """Reach the machine too, and note its time before anything of the set is held."""
    if not _reach(member, saving, stack):
        return False
    try:
        assert member.place is not None  # noqa: S101 - it was reached
        member.since = moment_there(member.place.doors) if member.source.kind == "files" else ""
    except SecOpsError as error:
        member.judged = judged_of(error)
    return member.judged.good


def _open(member: _Member, saving: Saving, stack: ExitStack) -> bool:
    """Hold the data of a source still; return whether that worked."""
    assert member.place is not None  # noqa: S101 - it was reached
    source = member.source
    try:
        order = Order(
            source=source,
            doors=member.place.doors,
            last_good=lambda part: saving.last_good(source.id, part),
            secret=saving.secret_of(source),
            deadline_seconds=saving.seconds_left(),
            system=saving.system,
        )
        member.capture = stack.enter_context(source_of(source.kind).open(order))
    except SecOpsError as error:
        member.judged = judged_of(error)
    return member.capture is not None


def _save(member: _Member, saving: Saving, _stack: ExitStack) -> bool:
    """Save the parts of a source, until one doesn't count; return whether all do."""
    assert member.capture is not None  # noqa: S101 - it was opened
    assert member.place is not None  # noqa: S101 - it was reached
    for part in member.capture.parts:
        saved = _part(member.source, part, member.place, saving)
        member.parts.append(saved)
        saving.arrived(member.source, member.host, saved)
        member.judged = worst((member.judged, saved.judged))
        if saved.judged.verdict not in COUNTS:
            return False
    return True


def _part(source: SourceSettings, part: Part, place: Place, saving: Saving) -> SavedPart:
    """Save one part; what goes wrong around restic's call is its verdict too."""
    request = BackupRequest(
        host=place.host,
        tags=tags_of(Named(system=saving.system, run=saving.run, source=source.id, part=part.name)),
        paths=part.paths,
        stream=Stream(command=part.command, filename=part.filename) if part.command else None,
        excludes=part.excludes,
        options=(*part.options, *saving.options),
        launcher=part.launcher,
    )
    about = ProofOf(source=source.id, part=part, request=request, doors=place.doors, folder=saving.digests)
    name = f"{saving.system}/{source.id}/{part.name}"
    try:
        proved = save_part(
            about,
            saving.restic,
            backup=lambda asked, heard: place.save(asked, heard, saving.seconds_left()),
            on_event=lambda event: saving.hear(name, event),
        )
    except SecOpsError as error:
        judged = judged_of(error)
        return SavedPart(part=part, judged=judged, proved=Proved(result=BackupResult(judged=judged)))
    return SavedPart(part=part, judged=worst((proved.result.judged, *_unproved(proved))), proved=proved)


def _unproved(proved: Proved) -> tuple[Judged, ...]:
    """Return the verdict of a part that is saved and could not be proved: less than all was done."""
    if proved.fault is None:
        return ()
    fault = judged_of(proved.fault) if isinstance(proved.fault, SecOpsError) else proved.fault
    what = message("saved, but its files could not be proved: {what}", what=fault.what)
    return (replace(fault, verdict=Verdict.PARTIAL, what=what),)


def _ask(member: _Member, saving: Saving, _stack: ExitStack) -> bool:
    """Ask a source whose parts are saved for its facts; data that moved while its set was read doesn't count."""
    assert member.capture is not None  # noqa: S101 - it was opened
    try:
        facts = member.capture.facts()
        if member.since:
            facts = replace(facts, disturbed=(*facts.disturbed, *_moved(member, saving)))
    except SecOpsError as error:
        member.judged = judged_of(error)
        return False
    member.facts = facts
    if facts.disturbed:
        member.judged = Judged(
            verdict=Verdict.FAILED,
            what=message("{count} paths changed while the set was read, so it is none", count=len(facts.disturbed)),
            why="\n".join(facts.disturbed[:5]),
            advice=message("run it again when nobody changes anything, or close the system by hooks"),
            paths=tuple(facts.disturbed),
        )
    return not facts.disturbed


def _moved(member: _Member, saving: Saving) -> tuple[str, ...]:
    assert member.place is not None  # noqa: S101 - it was reached
    paths = [str(path) for part in member.parts for path in part.part.paths]
    return changed_since(member.since, paths, member.place.doors, deadline_seconds=saving.seconds_left())


def _count_together(members: Sequence[_Member]) -> None:
    """Let none of the set count when one doesn't."""
    lost = next((each for each in members if each.judged.verdict not in COUNTS), None)
    if lost is None:
        return
    for each in members:
        if each.judged.verdict in COUNTS:
            verdict = lost.judged.verdict if lost.judged.verdict in HOPELESS else Verdict.FAILED
            what = message("it only counts together with {other}, which does not count", other=lost.source.id)
            each.judged = Judged(verdict=verdict, what=what, why=str(lost.judged.what), advice=lost.judged.advice)
