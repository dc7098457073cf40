"""One application check, from its content to its record: whatever happens there is one, and unseen is never passed."""

from dataclasses import replace

from sec_ops.drill.check import Checked, CheckPlace, failed
from sec_ops.drill.checks import check_of
from sec_ops.model.drill_record import CheckRecord
from sec_ops.model.drill_scenario import RecoveryCheck
from sec_ops.model.errors import SecOpsError

__all__ = ["checked"]


def checked(check: RecoveryCheck, place: CheckPlace) -> CheckRecord:
    """Return what the check came to; what fails while it looks is a failed check with the reason.

    `place` says where services and files are; settings and deadline are the check's own. Its settings were seen to fit
    its kind when the drill was planned.
    """
    begun = place.clock.monotonic_ms()
    came_to = _came_to(check, place)
    return CheckRecord(
        check=check.id,
        title=check.title,
        kind=check.kind,
        verdict="passed" if came_to.holds else "failed",
        expected=came_to.expected,
        found=came_to.found,
        elapsed_ms=place.clock.monotonic_ms() - begun,
        problem=came_to.problem,
    )


def _came_to(check: RecoveryCheck, place: CheckPlace) -> Checked:
    kind = check_of(check.kind)
    settings = kind.settings.model_validate(check.settings)
    try:
        return kind.run(replace(place, settings=settings, seconds=float(check.deadline_seconds)))
    except SecOpsError as error:
        return failed("", "", error.told, why=error.why, advice=error.advice)
