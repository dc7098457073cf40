"""People told by the second site: runs held back, copies that fail or vanish, and that nothing came."""

from collections.abc import Sequence

from sec_ops.backup.copying.overdue import Watched
from sec_ops.backup.copying.pulling import Pulled
from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.values import Attempt, Hold
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import Message, message
from sec_ops.model.notice import Level, Notice
from sec_ops.runtime.clock import utc_text

__all__ = ["future_notice", "hold_notice", "overdue_notice", "vanished_notice", "went_wrong"]

_LINES = 10


def hold_notice(hold: Hold) -> Notice:
    """Return the notice of a run that the gate holds."""
    return Notice(
        id=f"backup.hold/{hold.id}",
        kind="backup.hold",
        level=Level.CRITICAL,
        at=utc_text(moment(hold.since_ms)),
        title=message("a backup of {system} is held: {reason}", system=hold.system, reason=hold.reason),
        lines=hold.signs[:_LINES],
        advice=message(
            "look at the system first; if all is well: sec-ops backup hold lift {id} --by PERSON --reason TEXT",
            id=hold.id,
        ),
        data={"hold": hold.id, "system": hold.system, "repository": hold.repository, "run": hold.run},
    )


def overdue_notice(watched: Watched, now_ms: int) -> Notice:
    """Return the notice that nothing came; the same all day long."""
    day = utc_text(moment(now_ms))[:10]
    held = message("{count} of its runs are held: sec-ops backup hold list", count=len(watched.holds))
    return Notice(
        id=f"backup.overdue/{watched.system}/{watched.repository}/{day}",
        kind="backup.overdue",
        level=Level.CRITICAL,
        at=utc_text(moment(now_ms)),
        title=message(
            "no new backup of {system} has come to {repository}", system=watched.system, repository=watched.repository
        ),
        lines=(overdue_words(watched), *((held,) if watched.holds else ())),
        advice=message("see why: sec-ops backup copy {system}", system=watched.system),
        data={"system": watched.system, "repository": watched.repository, "limit_seconds": watched.limit_seconds},
    )


def overdue_words(watched: Watched) -> Message:
    """Return how old the newest is, and may be."""
    if watched.newest is None or watched.age_seconds is None:
        return message("nothing that counts ever came")
    return message(
        "the newest came {at}, {age} s ago; it may be {limit} s old",
        at=utc_text(watched.newest.arrived),
        age=watched.age_seconds,
        limit=watched.limit_seconds,
    )


def vanished_notice(system: str, repository: str, pulled: Pulled, now_ms: int) -> Notice:
    """Return the notice of copies that were here and are gone, though nobody here dropped them."""
    runs = sorted({each.run for each in pulled.vanished})
    return Notice(
        id=f"backup.vanished/{system}/{repository}/{min(each.arrival for each in pulled.vanished)}",
        kind="backup.vanished",
        level=Level.CRITICAL,
        at=utc_text(moment(now_ms)),
        title=message(
            "{count} snapshots of {system} are gone from {repository}, and nobody here dropped them",
            count=len(pulled.vanished),
            system=system,
            repository=repository,
        ),
        lines=tuple(message("run {run}", run=each) for each in runs[:_LINES]),
        advice=message("find out who can write there; see: sec-ops backup probe {repository}", repository=repository),
        data={"system": system, "repository": repository, "snapshots": len(pulled.vanished)},
    )


def future_notice(system: str, repository: str, runs: Sequence[str], now_ms: int) -> Notice:
    """Return the notice of runs dated later than they came."""
    return Notice(
        id=f"backup.future/{system}/{repository}/{runs[-1]}",
        kind="backup.future",
        level=Level.WARNING,
        at=utc_text(moment(now_ms)),
        title=message("{count} runs of {system} are dated later than they came", count=len(runs), system=system),
        lines=tuple(message("run {run}", run=each) for each in runs[-_LINES:]),
        advice=message("correct the clock where they are made; until then they are never chosen"),
        data={"system": system, "repository": repository, "runs": len(runs)},
    )


def went_wrong(attempt: Attempt, before: Attempt | None, now_ms: int) -> Notice | None:
    """Return the notice of a copy or a `forget` that went wrong, None when people know: told again once a day."""
    judged = attempt.judged
    if judged is None or judged.good:
        return None
    if before and before.verdict is judged.verdict and _day(before.started_ms) == _day(attempt.started_ms):
        return None
    return Notice(
        id=f"backup.{attempt.verb.value}_failed/{attempt.system}/{attempt.repository}/{attempt.id}",
        kind=f"backup.{attempt.verb.value}_failed",
        level=Level.WARNING if judged.verdict in _MILD else Level.CRITICAL,
        at=utc_text(moment(now_ms)),
        title=message("{system}: {what}", system=attempt.system, what=judged.what),
        lines=_why(judged),
        advice=judged.advice,
        data={"system": attempt.system, "repository": attempt.repository, "verdict": judged.verdict.value},
    )


_MILD = frozenset({Verdict.PARTIAL, Verdict.LOCKED})


def _why(judged: Judged) -> tuple[Message, ...]:
    return tuple(message("{line}", line=line) for line in judged.why.splitlines()[:_LINES])


def _day(at_ms: int) -> str:
    return utc_text(moment(at_ms))[:10]
