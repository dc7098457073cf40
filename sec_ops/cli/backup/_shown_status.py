"""Status as people and programs read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sec_ops.backup.overview.values import CopyStatus, Problem, SystemStatus
from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.values import Attempt
from sec_ops.backup.verdict import Verdict
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.cli.backup._drilled import drilled_document, drilled_text
from sec_ops.cli.table import table
from sec_ops.drill.past import LastDrill
from sec_ops.model.messages import message
from sec_ops.model.text import bytes_text, printable
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["problem_document", "problem_lines", "status_document", "status_text"]

_FAR_DAYS = 1500
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000
_STATES = {
    "running": message("running"),
    "never": message("NEVER"),
    "stale": message("TOO OLD"),
    "not_run": message("NOT RUN"),
    "hold": message("HELD"),
    "no_plan": message("NO PLAN"),
    "off": message("OFF"),
    "elsewhere": message("elsewhere"),
}


def status_document(status: SystemStatus, drilled: LastDrill | None = None) -> dict[str, Any]:
    """Return a system as JSON shows it; ages and durations in milliseconds, null where nobody knows."""
    run = status.last_run
    return {
        "system": status.system,
        "verdict": run.verdict.value if run and run.verdict else status.state,
        "state": status.state,
        "age_ms": status.age_ms,
        "rpo_ms": status.rpo_ms,
        "last_good": _good(status),
        "last_run": _attempt(run),
        "copies": [_copy(each) for each in status.copies],
        "next_due": _time(status.next_due_ms),
        "last_drill": drilled_document(drilled),
        "digits": [
            {
                "name": each.name,
                "wanted": each.wanted,
                "found": each.found,
                "met": each.met,
                "proofs": [render(proof) for proof in each.proofs],
            }
            for each in status.digits
        ],
        "problems": [problem_document(each) for each in status.problems],
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON shows it."""
    return {
        "kind": problem.kind,
        "what": render(problem.what),
        "why": printable(problem.why),
        "next": render(problem.advice) if problem.advice else None,
        "command": problem.command,
        "outcome": problem.outcome.label,
    }


def status_text(
    statuses: Sequence[SystemStatus], unread: Sequence[Problem], zone: ZoneInfo, drilled: Mapping[str, LastDrill]
) -> str:
    """Return one screen: a row a system, the repositories' space, then what is not good with the next command."""
    head = (
        _("system"),
        _("state"),
        _("data age"),
        _("RPO"),
        _("copies (age)"),
        "3-2-1-1-0",
        _("verified"),
        _("drilled"),
        _("next run"),
    )
    lines = [table(head, [_row(each, zone, drilled.get(each.system)) for each in statuses]), ""]
    lines += _space(statuses)
    problems = [each for status in statuses if status.state != "no_plan" for each in status.problems]
    for each in (*problems, *unread):
        lines += problem_lines(each)
    lines += _unplanned([each.system for each in statuses if each.state == "no_plan"])
    good = sum(not each.problems for each in statuses)
    total = _("{good} of {count} systems are good").format(good=good, count=len(statuses))
    return "\n".join([*lines, total])


def duration_text(duration_ms: int | None) -> str:
    """Return an age as people say it: `35 min`, `5 h`, `12 d`; a dash where there is none."""
    if duration_ms is None:
        return "-"
    if duration_ms < _HOUR_MS:
        return _("{count} min").format(count=duration_ms // _MINUTE_MS)
    if duration_ms < 2 * _DAY_MS:
        return _("{count} h").format(count=duration_ms // _HOUR_MS)
    return _("{count} d").format(count=duration_ms // _DAY_MS)


def _row(status: SystemStatus, zone: ZoneInfo, drilled: LastDrill | None) -> tuple[str, ...]:
    copies = ", ".join(f"{each.repository} {duration_text(each.age_ms)}" for each in status.copies)
    due = moment(status.next_due_ms).astimezone(zone).strftime("%m-%d %H:%M") if status.next_due_ms else "-"
    return (
        status.system,
        _word(status.state),
        duration_text(status.age_ms),
        duration_text(status.rpo_ms),
        copies or "-",
        _digits(status),
        _verified(status),
        drilled_text(drilled, zone),
        due,
    )


def _word(state: str) -> str:
    return render(VERDICT_WORDS[Verdict(state)] if state in set(Verdict) else _STATES[state])


def _digits(status: SystemStatus) -> str:
    """Return the five digits as they were found, each with what it says: met, not met, or nothing known."""
    marks = {True: "✓", False: "✗", None: "?"}
    return " ".join(f"{each.found}{marks[each.met]}" for each in status.digits) or "-"


def _verified(status: SystemStatus) -> str:
    """Return when a copy was verified last and found good."""
    ended = [
        each.verified.ended_ms
        for each in status.copies
        if each.verified and each.verified.ended_ms and each.verified.verdict is Verdict.OK
    ]
    if not ended:
        return _("never")
    return utc_text(moment(max(ended)))[:10]


def _space(statuses: Sequence[SystemStatus]) -> Iterator[str]:
    spaces = {each.repository: each.space for status in statuses for each in status.copies}
    for name, space in sorted(spaces.items()):
        if space.free_bytes is None:
            yield _("{repository}: nobody can say how much is free").format(repository=name)
            continue
        told = _("{repository}: {free} free").format(repository=name, free=bytes_text(space.free_bytes))
        if space.bytes_per_day is not None:
            told += _(", {pace} a day").format(pace=bytes_text(space.bytes_per_day))
        if space.days is not None and space.days > _FAR_DAYS:
            told += _(", enough for years")
        elif space.days is not None:
            told += _(", enough for {days} days").format(days=space.days)
        yield told
    if spaces:
        yield ""


def problem_lines(problem: Problem) -> Iterator[str]:
    """Return a problem as people read it: what, why, and the next command."""
    yield f"✗ {render(problem.what)}"
    lines = printable(problem.why).splitlines()
    if lines:
        yield _("    why: {why}").format(why=lines[0])
        yield from (f"         {each}" for each in lines[1:])
    if problem.advice and render(problem.advice) != problem.command:
        yield _("    next: {advice}").format(advice=render(problem.advice))
    if problem.command:
        yield f"    $ {problem.command}"
    yield ""


def _unplanned(systems: Sequence[str]) -> Iterator[str]:
    """Tell together of the key systems that nobody saves."""
    if systems:
        yield _("✗ without a backup plan: {systems}").format(systems=", ".join(systems))
        yield "    $ sec-ops backup plans"
        yield ""


def _good(status: SystemStatus) -> dict[str, Any] | None:
    good = status.last_good
    if good is None:
        return None
    return {"run": good.run, "at": _time(good.arrived_ms), "data_at": _time(good.data_ms), "partial": good.partial}


def _attempt(attempt: Attempt | None) -> dict[str, Any] | None:
    if attempt is None:
        return None
    ending = attempt.ending
    return {
        "run": attempt.run,
        "state": attempt.state.value,
        "verdict": attempt.verdict.value if attempt.verdict else None,
        "started": _time(attempt.started_ms),
        "ended": _time(attempt.ended_ms),
        "what": render(ending.judged.what) if ending else None,
        "sources": {each.source: each.judged.verdict.value for each in ending.sources} if ending else {},
    }


def _copy(copy: CopyStatus) -> dict[str, Any]:
    space = copy.space
    return {
        "repository": copy.repository,
        "place": copy.place,
        "km": round(copy.km, 1),
        "seen_from_here": copy.seen,
        "run": copy.good.run if copy.good else None,
        "age_ms": copy.age_ms,
        "last_copy": _attempt(copy.copied),
        "last_verify": _attempt(copy.verified),
        "future_dated": copy.future_dated,
        "holds": copy.holds,
        "space": {"free_bytes": space.free_bytes, "bytes_per_day": space.bytes_per_day, "days": space.days},
    }


def _time(at_ms: int | None) -> str | None:
    return utc_text(moment(at_ms)) if at_ms is not None else None
