"""Everything that went wrong in a drill, wherever it was met, and what shall become better."""

from collections.abc import Iterator

from sec_ops.model.drill_record import DrillRecord, Problem
from sec_ops.model.messages import message
from sec_ops.reports.drill.words import DrillWords
from sec_ops.reports.paper import Block, Cell, Column, Heading, Table

__all__ = ["problem_count", "problems"]


def problem_count(record: DrillRecord) -> int:
    """Return how many problems are recorded, by the program and by people."""
    return sum(1 for _each in _found(record)) + sum(each.kind == "problem" for each in record.notes)


def problems(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield everything that went wrong, found by the program or typed by people, and what shall become better."""
    _ = words.translate
    yield Heading(_("Problems and improvements"))
    rows = [_problem(where, each, words) for where, each in _named(record, words)]
    rows += [
        (Cell(each.step or "–"), Cell(each.text), Cell(each.by)) for each in record.notes if each.kind == "problem"
    ]
    columns = (Column(_("Where"), 1.4), Column(_("What, why, what to do"), 5), Column(_("Found by"), 1))
    yield Table(columns, tuple(rows), _("No problem is recorded."))
    rows = [
        (Cell(each.text), Cell(words.moment(each.at)), Cell(each.by))
        for each in record.notes
        if each.kind == "improvement"
    ]
    columns = (Column(_("Improvement"), 5), Column(_("Time"), 1.6), Column(_("Entered by")))
    yield Table(columns, tuple(rows), _("No improvement is recorded."))


def _named(record: DrillRecord, words: DrillWords) -> Iterator[tuple[str, Problem]]:
    names = {each.system: words.said(each.name) for each in record.systems}
    for system, where, problem in _found(record):
        yield ": ".join(each for each in (names.get(system, system), where) if each), problem


def _found(record: DrillRecord) -> Iterator[tuple[str, str, Problem]]:
    """Yield every problem with its system and the part of it, both empty for the drill itself."""
    yield from (("", "", each) for each in record.problems)
    for system in record.systems:
        name = system.system
        yield from ((name, "", each) for each in system.problems)
        yield from ((name, fetch.repository, fetch.problem) for fetch in system.fetches if fetch.problem)
        yield from ((name, source.source, each) for source in system.sources for each in source.problems)
        yield from ((name, each.service, each.problem) for each in system.services if each.problem)
        yield from ((name, each.check, each.problem) for each in system.checks if each.problem)


def _problem(where: str, problem: Problem, words: DrillWords) -> tuple[Cell, ...]:
    said = [words.said(problem.what), problem.where, problem.why]
    if problem.advice is not None:
        said.append(words.said(message("next: {advice}", advice=problem.advice)))
    return Cell(where or "–"), Cell("\n".join(each for each in said if each)), Cell("sec-ops")
