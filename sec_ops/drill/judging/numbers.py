"""The level that measured times reach: the highest whose recovery time and loss were both kept."""

from sec_ops.drill.judging.whole import aims_at_whole, came_back_whole
from sec_ops.drill.measuring.phases import seconds_text
from sec_ops.model.drill_judgement import NumbersJudgement
from sec_ops.model.drill_record import DrillRecord, SystemRecord
from sec_ops.model.messages import Message, message
from sec_ops.model.recovery_level import Bound, Edition, RecoveryLevel

__all__ = ["level_by_numbers", "why_not_within"]

_SECOND_MS = 1000


def level_by_numbers(record: DrillRecord, system: SystemRecord, edition: Edition) -> NumbersJudgement:
    """Return the level of a system by its times; 0 where it did not come back, or not from another site."""
    unfit = _unfit(record, system)
    if unfit is not None:
        return NumbersJudgement(level=0, reason=unfit, idle=True)
    reached = [each for each in edition.levels if not why_not(each, system)]
    level = max((each.level for each in reached), default=0)
    above = next((each for each in edition.levels if each.level == level + 1), None)
    if above is None:
        return NumbersJudgement(level=level, reason=message("the highest level's times were kept"))
    return NumbersJudgement(level=level, reason=why_not(above, system)[0])


def why_not(level: RecoveryLevel, system: SystemRecord) -> list[Message]:
    """Return why a system's times don't keep a level, the recovery time first; nothing where they do."""
    reasons = (why_not_within(level.rto, system.rto_ms), why_not_within(level.rpo, system.rpo_ms))
    return [each for each in reasons if each is not None]


def why_not_within(bound: Bound, measured_ms: int | None) -> Message | None:
    """Return why a time is not within a bound, None where it is. What nobody measured is within none."""
    if measured_ms is None:
        return message("it could not be measured")
    if bound.vague:
        return message("the edition gives no number for the level above")
    if bound.at_most_seconds is not None and measured_ms > bound.at_most_seconds * _SECOND_MS:
        return message(
            "measured {seconds} s, at most {limit} s", seconds=seconds_text(measured_ms), limit=bound.at_most_seconds
        )
    return None


def _unfit(record: DrillRecord, system: SystemRecord) -> Message | None:
    if not aims_at_whole(record.kind):
        return message("the drill did not set out to bring the system back")
    if system.verdict in ("not_run", "interrupted"):
        return message("the drill did not get so far")
    if not came_back_whole(record.kind, system):
        return _not_whole(system)
    if any(each.verdict != "passed" for each in system.checks) or not system.checks:
        return message("not all checks of the system passed")
    if not system.far:
        return message("it was not restored from another site, so it says nothing of a disaster")
    return None


def _not_whole(system: SystemRecord) -> Message:
    """Return why data that is not whole is not: what is wrong before what nobody looked at."""
    if not system.sources:
        return message("no data was fetched")
    if any(each.verdict != "ok" or each.missing or each.different for each in system.sources):
        return message("the data did not come back as it was saved")
    if not system.trusted:
        return message("no trusted key signed the manifest, so nothing proves the data")
    if any(each.loaded == "failed" for each in system.sources):
        return message("not all data could be loaded")
    uncounted = [each.source for each in system.sources if each.tables and not each.tables_proved]
    if not uncounted:
        return message("the data did not come back as it was saved")
    return message("tables of {sources} were counted in no service", sources=", ".join(uncounted))
