"""The last drill of each system, as the status of backups shows it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sec_ops.cli.backup._planning import Room
from sec_ops.cli.drill._last import last_document, standing_word
from sec_ops.cli.output import note
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.kinds import DRILLS
from sec_ops.drill.past import LastDrill, last_of_system
from sec_ops.model.errors import SecOpsError
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.language import gettext as _
from sec_ops.workflows.drills.sealed import sealed_drills

__all__ = ["drilled_document", "drilled_text", "last_drills"]


def last_drills(room: Room, systems: Iterable[str]) -> Mapping[str, LastDrill]:
    """Return how systems stand; none of them, and a word on why, when the evidence can't be read."""
    past = _past(room)
    if past is None:
        return {}
    library = room.library
    known = {} if library.faults(DRILLS) else library.objects(DRILLS)
    scenarios = {name: each.value for name, each in known.items()}
    now = SystemClock().now()
    return {name: last_of_system(name, past, scenarios, now) for name in systems}


def drilled_document(last: LastDrill | None) -> dict[str, object] | None:
    """Return a last drill as JSON shows it, null where there was none or nobody can tell."""
    return last_document(last) if last and last.drill else None


def drilled_text(last: LastDrill | None, zone: ZoneInfo) -> str:
    """Return a last drill in a few words: how it stands and its day, a question mark where nobody can tell."""
    if last is None:
        return "?"
    if last.drill is None:
        return _("never")
    day = datetime.fromisoformat(last.drill.ended).astimezone(zone).date().isoformat()
    return f"{standing_word(last)} {day}"


def _past(room: Room) -> list[DrillRun] | None:
    assert room.site is not None  # noqa: S101 - the example is never run
    try:
        with evidence_of(room.site) as log:
            return [each.drill for each in sealed_drills(log, room.site.state / "drill")]
    except SecOpsError as error:
        note(error.what)
        return None
