"""A drill as people and programs read it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sec_ops.cli.table import table
from sec_ops.model.drill_judgement import Judgement, LevelJudgement
from sec_ops.model.drill_record import DrillRecord, Note, Problem, SystemRecord
from sec_ops.model.text import printable
from sec_ops.reports.drill.words import PHASES, DrillWords
from sec_ops.runtime.language import gettext as _
from sec_ops.workflows.drills.reading import ReadDrill

__all__ = ["drill_document", "drill_lines", "problem_lines", "record_document", "record_lines"]

_WHY_LINES = 5


def record_document(record: DrillRecord, judgement: Judgement | None) -> dict[str, Any]:
    """Return a record as JSON shows it, with what it was judged to be."""
    return {
        **record.model_dump(mode="json"),
        "isolated": record.isolation.holds if record.isolation else None,
        "level": judgement.level if judgement else None,
        "judgement": judgement.model_dump(mode="json") if judgement else None,
    }


def drill_document(read: ReadDrill, judgement: Judgement, report: Path | None = None) -> dict[str, Any]:
    """Return a sealed drill as JSON shows it: its record, what came after it, where it is sealed."""
    return {
        **record_document(read.record, judgement),
        "added": [each.model_dump(mode="json") for each in read.added],
        "evidence": read.number,
        "report": str(report) if report else None,
    }


def record_lines(
    record: DrillRecord, judgement: Judgement | None, words: DrillWords, added: Sequence[Note] = ()
) -> Iterator[str]:
    """Return a record in lines: the verdict, each system beside its targets, what went wrong, what people said."""
    yield f"{words.verdict(record.verdict).text}  {words.said(record.title)} ({words.named(record.kind.value)})"
    yield from _head(record, words)
    if judgement is not None:
        yield from _levels(judgement, words)
    if record.systems:
        yield ""
        head = (_("system"), _("verdict"), "RTO", "", "RPO", "", _("repository"), _("checks"))
        yield table(head, [_row(each, words) for each in record.systems])
    for system in record.systems:
        yield from _system(system, words)
    if record.problems:
        yield ""
    for problem in record.problems:
        yield from problem_lines(problem, words)
    notes = [*record.notes, *added]
    if notes:
        yield ""
        yield from (_note(each, words) for each in notes)
    yield ""


def drill_lines(read: ReadDrill, judgement: Judgement, words: DrillWords, report: Path | None = None) -> Iterator[str]:
    """Return a sealed drill in lines."""
    yield from record_lines(read.record, judgement, words, read.added)
    yield _("sealed as entry {number}: {run}").format(number=read.number, run=read.record.run)
    if report is not None:
        yield _("report: {file}").format(file=printable(str(report)))


def problem_lines(problem: Problem, words: DrillWords, where: str = "") -> Iterator[str]:
    """Return what went wrong, why, and what to do."""
    place = ": ".join(filter(None, (where, printable(problem.where))))
    yield f"✗ {place + ': ' if place else ''}{words.said(problem.what)}"
    lines = printable(problem.why).splitlines()[:_WHY_LINES]
    yield from (f"    {each}" for each in lines)
    if problem.advice:
        yield _("    next: {advice}").format(advice=words.said(problem.advice))


def _head(record: DrillRecord, words: DrillWords) -> Iterator[str]:
    told = _("told") if record.lost_at_told else _("the start of the drill")
    yield _("  lost at {moment} ({told}); ended {ended}").format(
        moment=words.moment(record.lost_at), told=told, ended=words.moment(record.ended)
    )
    for each in record.lost:
        if not each.refused:
            yield _("  ! {name} counts as lost, and answered").format(name=printable(each.name))
    if record.phase:
        yield _("  interrupted in: {phase}").format(phase=words.phase(record.phase))
    proof = record.isolation
    if proof is not None and proof.holds:
        yield _("  isolation proved by {count} probes").format(count=len(proof.probes))
    elif record.systems:
        yield _("  ✗ isolation was not proved")


def _levels(judgement: Judgement, words: DrillWords) -> Iterator[str]:
    for each in judgement.levels:
        yield f"  {each.standard}: {_level(each, words)}"
        for system in each.systems:
            reason = words.said(system.numbers.reason)
            yield _("    {system}: level {level}; why its numbers reach no more: {reason}").format(
                system=system.system, level=system.level, reason=reason
            )
            missing = ", ".join(words.said(one.name) for one in system.missing)
            if missing:
                yield _("      for the next are missing: {missing}").format(missing=missing)


def _level(judged: LevelJudgement, words: DrillWords) -> str:
    if judged.level is None:
        return words.said(judged.reason)
    told = _("level {level}: numbers reach {numbers}, elements {elements}")
    text = told.format(level=judged.level, numbers=judged.numbers, elements=judged.elements)
    superseded = _("superseded by {standard}").format(standard=judged.superseded_by)
    return f"{text} ({superseded})" if judged.superseded_by else text


def _row(system: SystemRecord, words: DrillWords) -> tuple[str, ...]:
    passed = sum(each.verdict == "passed" for each in system.checks)
    return (
        system.system,
        words.verdict(system.verdict).text,
        _beside(system.rto_ms, system.rto_target_ms, words),
        words.met(system.rto_met, system.rto_target_ms).text,
        _beside(system.rpo_ms, system.rpo_target_ms, words),
        words.met(system.rpo_met, system.rpo_target_ms).text,
        system.repository or "-",
        f"{passed}/{len(system.checks)}",
    )


def _beside(found_ms: int | None, target_ms: int | None, words: DrillWords) -> str:
    found = words.span(found_ms) if found_ms is not None else "?"
    return found if target_ms is None else f"{found} / {words.span(target_ms)}"


def _system(system: SystemRecord, words: DrillWords) -> Iterator[str]:
    """Return a system's phases, and its problems wherever they were met."""
    phases = {name: ms for name in PHASES if (ms := system.phases.get(name, 0))}
    spent = [f"{words.phase(name)} {words.span(ms)}" for name, ms in phases.items()]
    if spent:
        yield f"  {system.system}: {' · '.join(spent)}"
    if system.rpo_target_ms is not None or system.rpo_ms is not None:
        yield _("  {system}: loss counted from: {basis}").format(
            system=system.system, basis=words.named(system.rpo_basis)
        )
    for where, problem in _problems(system):
        yield from problem_lines(problem, words, where)


def _problems(system: SystemRecord) -> Iterable[tuple[str, Problem]]:
    name = system.system
    yield from ((name, each) for each in system.problems)
    yield from ((f"{name} {each.repository}", each.problem) for each in system.fetches if each.problem)
    yield from ((f"{name} {source.source}", each) for source in system.sources for each in source.problems)
    yield from ((f"{name} {each.service}", each.problem) for each in system.services if each.problem)
    yield from ((f"{name} {each.check}", each.problem) for each in system.checks if each.problem)


def _note(note: Note, words: DrillWords) -> str:
    about = " ".join(filter(None, (note.role, note.step)))
    kind = f"{words.named(note.kind)} {about}".strip()
    text = f"  {words.moment(note.at)} {kind}: {note.text} ({note.by})"
    return printable(text).replace("\n", " ")
