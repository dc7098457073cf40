"""A note as the command line takes it: into the run's folder while the drill goes on, into the evidence after it."""

from collections.abc import Iterable, Mapping

from sec_ops.cli.output import emit
from sec_ops.cli.persons import require_person
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.kinds import DRILLS
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.drill.judging.sealing import sealed_note
from sec_ops.drill.noting import append_note
from sec_ops.model.canonical import canonical_json
from sec_ops.model.drill_record import Note
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import LowEntropy
from sec_ops.model.evidence_drill import DrillNote
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.clock import SystemClock, utc_text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.run import Run, find_run
from sec_ops.runtime.site import Site, find_site

__all__ = ["add_note"]

_ASKED = "asked.json"
_LONGEST = 4000


def add_note(
    named: str | None, run_name: str, by: str, texts: Mapping[str, str], *, role: str, step: str
) -> Iterable[Outcome]:
    """Add the one note that was typed, and tell where it went."""
    site = find_site(named)
    require_person(site, by)
    note = _note(by, texts, role, step)
    run = find_run(site.runs, run_name, verb="drill")
    _require_step(site, run, note)
    number = None if append_note(run.folder, note) else _sealed(site, run, note)
    document = {"run": run.name, "note": note.model_dump(mode="json"), "evidence": number}
    emit("sec-ops/drill-note", document, text=lambda: _told(run, note, number))
    return ()


def _note(by: str, texts: Mapping[str, str], role: str, step: str) -> Note:
    """Return the note; raises UsageError unless exactly one thing is noted, with what belongs to it."""
    if len(texts) != 1:
        what = message("a note is of one kind, {count} were given", count=len(texts))
        raise UsageError(what, advice=message("such as: sec-ops drill note --by PERSON --decision TEXT"))
    ((kind, text),) = texts.items()
    if len(text) > _LONGEST:
        what = message("a note has at most {count} characters", count=_LONGEST)
        raise UsageError(what, advice=message("name the document that says the rest"))
    if kind == "answer" and not step:
        raise UsageError(message("an answer says which step it is of"), advice=message("add --step STEP"))
    if role and kind != "participant":
        raise UsageError(message("only a participant has a role"), advice=message("add --participant NAME"))
    at = utc_text(SystemClock().now())
    return Note.model_validate({"kind": kind, "at": at, "by": by, "text": text, "role": role, "step": step})


def _require_step(site: Site, run: Run, note: Note) -> None:
    """Raise UsageError for a step that the drill's scenario has not; one that is no longer laid down is not judged."""
    library = Library.open(site.root)
    scenario = library.objects(DRILLS).get(str(run.read(_ASKED)["scenario"])) if note.step else None
    steps = [each.id for each in scenario.value.steps] if scenario else [note.step]
    if note.step and note.step not in steps:
        advice = did_you_mean(note.step, steps) or message("name one of: {names}", names=", ".join(steps) or "-")
        raise UsageError(message("the scenario has no step {step}", step=note.step), advice=advice)


def _sealed(site: Site, run: Run, note: Note) -> int:
    """Seal a note that came after the end; its text and who typed it stand in the blob, which can be erased."""
    blob = LowEntropy(canonical_json(note.model_dump(mode="json")))
    data = sealed_note(run.name, note).model_dump(mode="json")
    with evidence_of(site) as log:
        return log.append(DrillNote.kind, data, blob=blob, media_type="application/json")


def _told(run: Run, note: Note, number: int | None) -> str:
    text = printable(note.text)
    if number is None:
        return _("noted in {run}: {text}").format(run=run.name, text=text)
    return _("the drill {run} has ended; sealed after it as entry {number}: {text}").format(
        run=run.name, number=number, text=text
    )
