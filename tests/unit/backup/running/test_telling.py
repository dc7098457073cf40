"""Who is told what of runs, and when not again."""

import pytest

from sec_ops.backup.record.values import Attempt, Ending, SourceResult, State, Verb
from sec_ops.backup.running.telling import notice_of
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message
from sec_ops.model.notice import Level

DAY_MS = 86_400_000
NOON = 20_000 * DAY_MS + DAY_MS // 2


def attempt(verdict: Verdict | None, *, started_ms: int = NOON, number: int = 2) -> Attempt:
    judged = Judged(verdict=verdict or Verdict.OK, what=message("done"), why="a\nb", advice=message("run it again"))
    ending = Ending(judged=judged, sources=[SourceResult(source="files", judged=judged)]) if verdict else None
    return Attempt(
        id=number,
        verb=Verb.RUN,
        system="records",
        repository="a",
        run="r",
        holder="h/1",
        started_ms=started_ms,
        state=State.ENDED if verdict else State.RUNNING,
        ending=ending,
    )


@pytest.mark.parametrize(
    ("now", "before", "kind"),
    [
        (attempt(Verdict.OK), None, None),
        (attempt(Verdict.OK), attempt(Verdict.OK), None),
        (attempt(Verdict.OK), attempt(None), None),
        (attempt(Verdict.OK), attempt(Verdict.FULL), "backup.recovered"),
        (attempt(Verdict.FULL), None, "backup.failed"),
        (attempt(Verdict.FULL), attempt(Verdict.OK), "backup.failed"),
        (attempt(Verdict.FULL), attempt(Verdict.FAILED), "backup.failed"),
        (attempt(Verdict.FULL), attempt(Verdict.FULL), None),
        (attempt(Verdict.FULL), attempt(Verdict.FULL, started_ms=NOON - DAY_MS), "backup.failed"),
        (attempt(None), attempt(Verdict.OK), None),
    ],
)
def test_people_are_told_of_changes_and_once_a_day_while_it_lasts(
    now: Attempt, before: Attempt | None, kind: str | None
) -> None:
    notice = notice_of(now, before, NOON)
    assert (notice.kind if notice else None) == kind


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.OK])
def test_a_notice_says_what_why_and_the_next_command(verdict: Verdict) -> None:
    notice = notice_of(attempt(verdict), None, NOON)
    assert notice is not None
    assert notice.level.rank >= Level.WARNING.rank
    assert [str(each) for each in notice.lines[:3]] == ["done", "a", "b"]
    assert "files" in str(notice.lines[3])
    assert "run it again; then: sec-ops backup " in str(notice.advice)
    assert notice.data["verdict"] == verdict.value
