"""Verdicts of a run: of an error, the worst of several, and the next command for each."""

from collections.abc import Iterable
from dataclasses import replace

from sec_ops.backup.verdict import Judged, Verdict, link_verdict
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.errors import SecOpsError, TransportError
from sec_ops.model.messages import message

__all__ = ["COUNTS", "GRAVITY", "HOPELESS", "command_after", "judged_of", "no_manifest", "too_late", "worst"]

COUNTS = frozenset({Verdict.OK, Verdict.PARTIAL})
"""What a run may come to whose snapshots are restore points."""

GRAVITY = (
    Verdict.OK,
    Verdict.PARTIAL,
    Verdict.LOCKED,
    Verdict.INTERRUPTED,
    Verdict.UNREACHABLE,
    Verdict.FULL,
    Verdict.REFUSED,
    Verdict.FAILED,
    Verdict.NO_REPOSITORY,
    Verdict.WRONG_KEY,
    Verdict.DAMAGED,
)
"""All verdicts, the gravest last."""

HOPELESS = frozenset({Verdict.UNREACHABLE, Verdict.FULL, Verdict.REFUSED, Verdict.NO_REPOSITORY, Verdict.WRONG_KEY})
"""What a repository says that it would say to the next part too."""


def worst(all_: Iterable[Judged]) -> Judged:
    """Return the gravest, the first of equals; good when there is none."""
    return max(all_, key=lambda each: GRAVITY.index(each.verdict), default=_GOOD)


def judged_of(error: SecOpsError) -> Judged:
    """Return an error as a verdict: a host that can't be reached or was lost may be later, all else has failed."""
    verdict = link_verdict(error) if isinstance(error, TransportError) else Verdict.FAILED
    why = "\n".join(filter(None, (error.where, error.why)))
    return Judged(verdict=verdict, what=error.told, why=why, advice=error.advice)


def command_after(verdict: Verdict, system: str, repository: str) -> str:
    """Return the next command to type after a run came to a verdict."""
    by_verdict = {
        Verdict.OK: "sec-ops backup status",
        Verdict.LOCKED: f"sec-ops backup locks list {repository}",
        Verdict.WRONG_KEY: f"sec-ops backup keys check {repository}",
        Verdict.NO_REPOSITORY: f"sec-ops backup keys check {repository}",
        Verdict.REFUSED: f"sec-ops backup keys check {repository}",
    }
    return by_verdict.get(verdict, f"sec-ops backup run {system}")


def too_late(plan: BackupPlan) -> Judged:
    """Return the verdict on what the plan's time was over for."""
    what = message("the plan's {minutes} minutes were over before it was its turn", minutes=plan.deadline_minutes)
    advice = message("raise deadline_minutes of the plan, then run it again")
    return Judged(verdict=Verdict.INTERRUPTED, what=what, advice=advice)


def no_manifest(judged: Judged) -> Judged:
    """Return the verdict of a manifest that could not be saved: none of the run's snapshots counts."""
    verdict = Verdict.FAILED if judged.verdict is Verdict.PARTIAL else judged.verdict
    what = message("the manifest was not saved, so nothing of this run counts: {what}", what=judged.what)
    return replace(judged, verdict=verdict, what=what)


_GOOD = Judged(verdict=Verdict.OK, what=message("done"))
