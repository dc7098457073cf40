"""A drill that ran as people and programs read it, and how far one is."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sec_ops.cli.output import note
from sec_ops.cli.progress import Progress
from sec_ops.drill.running.journal import Step
from sec_ops.model.drill_record import DrillRecord, Problem, SystemRecord
from sec_ops.model.drill_scenario import DrillStep
from sec_ops.model.messages import message
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render

__all__ = ["DrillProgress", "drilled_document", "drilled_lines", "problem_lines"]

_VERDICTS = {
    "passed": message("passed"),
    "failed": message("failed"),
    "not_run": message("not run"),
    "interrupted": message("interrupted"),
}
_PHASES = {
    "detect": message("detect"),
    "decide": message("decide"),
    "select": message("select"),
    "provision": message("provision"),
    "fetch": message("fetch"),
    "load": message("load"),
    "verify": message("verify"),
    "switch": message("switch"),
}


class DrillProgress:
    """Shows how far each system is on one line of a terminal; what people must know is told for good."""

    def __init__(self, steps: Sequence[DrillStep] = ()) -> None:
        self._line = Progress()
        self._steps = {each.id: each for each in steps}
        self._phases: dict[str, str] = {}

    def __call__(self, step: Step) -> None:
        """Take a step."""
        if step.event == "phase":
            self._phases[step.system] = render(_PHASES[step.phase])
            self._line.show("  ".join(f"{name} {phase}".strip() for name, phase in self._phases.items()))
        elif step.event == "lost" and step.verdict == "answers":
            self._line.clear()
            note(message("{name} counts as lost, and answers", name=step.name))
        elif step.event == "waits":
            self._line.clear()
            note(message("waiting for people: sec-ops drill note --by PERSON --decision TEXT"))

        elif step.event == "asked" and step.name in self._steps:
            self._line.clear()
            self._ask(self._steps[step.name])

    def clear(self) -> None:
        """Take the line away."""
        self._line.clear()

    def _ask(self, step: DrillStep) -> None:
        """Ask people, and say how they answer."""
        title = step.title.spoken(language())
        note(message("{step} ({minutes} min): {title}", step=step.id, minutes=step.minutes, title=title))
        note(message("  answer: sec-ops drill note --by PERSON --step {step} --answer TEXT", step=step.id))


def drilled_document(record: DrillRecord, folder: Path) -> dict[str, Any]:
    """Return a drill as JSON shows it: the whole record, and where its run is."""
    return {"folder": str(folder), **record.model_dump(mode="json")}


def drilled_lines(record: DrillRecord, folder: Path) -> Iterator[str]:
    """Return a drill in lines: the verdict, each system with its times and losses, and what went wrong."""
    title = record.title.spoken(language())
    yield f"{render(_VERDICTS[record.verdict])}  {printable(title)}  {record.run}"
    for each in record.systems:
        yield from _system(each)
    for problem in record.problems:
        yield from problem_lines(problem)
    yield _("run: {folder}").format(folder=printable(str(folder)))


def problem_lines(problem: Problem, indent: str = "  ") -> Iterator[str]:
    """Return what went wrong, why, and what to do."""
    yield f"{indent}! {render(problem.what)}"
    yield from (f"{indent}    {printable(line)}" for line in problem.why.splitlines()[:10])
    if problem.advice:
        yield f"{indent}    " + _("next: {advice}").format(advice=render(problem.advice))


def _system(system: SystemRecord) -> Iterator[str]:
    times = _("back after {rto} of {rto_target}, lost {rpo} of {rpo_target}").format(
        rto=_seconds(system.rto_ms),
        rto_target=_seconds(system.rto_target_ms),
        rpo=_seconds(system.rpo_ms),
        rpo_target=_seconds(system.rpo_target_ms),
    )
    yield f"  {system.system}: {render(_VERDICTS[system.verdict])}  {times}"
    phases = "  ".join(f"{render(_PHASES[name])} {_seconds(spent)}" for name, spent in system.phases.items() if spent)
    yield f"    {phases}"
    yield from _inside(system)


def _inside(system: SystemRecord) -> Iterator[str]:
    """Return the problems of a system, wherever they were met."""
    for problem in system.problems:
        yield from problem_lines(problem, "    ")
    for fetch in system.fetches:
        if fetch.problem:
            yield from problem_lines(fetch.problem, f"    {fetch.repository} ")
    for source in system.sources:
        for problem in source.problems:
            yield from problem_lines(problem, f"    {source.source} ")
    for name, found in (*((each.service, each.problem) for each in system.services), *_checks(system)):
        if found:
            yield from problem_lines(found, f"    {name} ")


def _checks(system: SystemRecord) -> Iterator[tuple[str, Problem | None]]:
    return ((each.check, each.problem) for each in system.checks)


def _seconds(milliseconds: int | None) -> str:
    return "?" if milliseconds is None else f"{milliseconds / 1000:.1f} s"
