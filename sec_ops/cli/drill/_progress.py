"""How far a drill is, as people see it."""

from collections.abc import Sequence

from sec_ops.cli.output import note
from sec_ops.cli.progress import Progress
from sec_ops.drill.running.journal import Step
from sec_ops.model.drill_scenario import DrillStep
from sec_ops.model.messages import message
from sec_ops.reports.drill.words import PHASES
from sec_ops.runtime.language import language, render

__all__ = ["DrillProgress"]


class DrillProgress:
    """Shows how far each system is on one line of a terminal; what people must know is told for good."""

    def __init__(self, steps: Sequence[DrillStep] = ()) -> None:
        self._line = Progress()
        self._steps = {each.id: each for each in steps}
        self._phases: dict[str, str] = {}

    def __call__(self, step: Step) -> None:
        """Take a step."""
        if step.event == "phase":
            self._phases[step.system] = render(PHASES[step.phase])
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
