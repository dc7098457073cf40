"""People told of runs: the first that went wrong, another way of going wrong, once a day while it lasts, recovery."""

from collections.abc import Iterator, Sequence

from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.values import Attempt, SourceResult
from sec_ops.backup.running.verdicts import command_after
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.model.messages import Message, message
from sec_ops.model.notice import Level, Notice
from sec_ops.runtime.clock import utc_text

__all__ = ["notice_of"]

_LINES = 10
_MILD = frozenset({Verdict.PARTIAL, Verdict.LOCKED})


def notice_of(attempt: Attempt, before: Attempt | None, now_ms: int) -> Notice | None:
    """Return the notice of a run that has ended, None when people know already; `before` is the run before it."""
    if attempt.ending is None:
        return None
    judged = attempt.ending.judged
    was = before.verdict if before else None
    if judged.good:
        return _recovered(attempt, now_ms) if was not in (None, Verdict.OK) else None
    same = before is not None and was is judged.verdict
    if same and before is not None and _day(before.started_ms) == _day(attempt.started_ms):
        return None
    return Notice(
        id=f"backup.failed/{attempt.system}/{attempt.id}",
        kind="backup.failed",
        level=Level.WARNING if judged.verdict in _MILD else Level.CRITICAL,
        at=utc_text(moment(now_ms)),
        title=message(
            "the backup of {system} went wrong: {verdict}", system=attempt.system, verdict=VERDICT_WORDS[judged.verdict]
        ),
        lines=tuple(_lines(judged, attempt.ending.sources)),
        advice=_advice(judged, attempt),
        data={"system": attempt.system, "verdict": judged.verdict.value, "run": attempt.run},
    )


def _recovered(attempt: Attempt, now_ms: int) -> Notice:
    return Notice(
        id=f"backup.recovered/{attempt.system}/{attempt.id}",
        kind="backup.recovered",
        level=Level.INFORMATION,
        at=utc_text(moment(now_ms)),
        title=message("the backup of {system} is whole again", system=attempt.system),
        data={"system": attempt.system, "verdict": Verdict.OK.value, "run": attempt.run},
    )


def _lines(judged: Judged, sources: Sequence[SourceResult]) -> Iterator[Message]:
    yield judged.what
    for line in judged.why.splitlines()[:_LINES]:
        yield message("{said}", said=line)
    for each in sources:
        word = VERDICT_WORDS[each.judged.verdict]
        yield message("{source}: {verdict}", source=each.source, verdict=word)


def _advice(judged: Judged, attempt: Attempt) -> Message:
    command = command_after(judged.verdict, attempt.system, attempt.repository)
    if judged.advice is None or str(judged.advice) == command:
        return message("{command}", command=command)
    return message("{advice}; then: {command}", advice=judged.advice, command=command)


def _day(at_ms: int) -> int:
    return at_ms // 86_400_000
