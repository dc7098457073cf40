"""`sec-ops drill note`: what people do and decide during a drill, and what they add after it."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_Participant = Annotated[str, typer.Option(metavar="NAME", help=_("somebody who takes part; --role says as what"))]
_Decision = Annotated[
    str, typer.Option(metavar="TEXT", help=_("a decision, such as the go-ahead that drill run --wait waits for"))
]
_Training = Annotated[str, typer.Option(metavar="TEXT", help=_("training in the plan: when, who, record number"))]
_SignOff = Annotated[str, typer.Option(metavar="TEXT", help=_("that the record is right, and as what one signs"))]


@app.command(
    help=_("Note who takes part, what was decided, what went wrong: into the drill that runs, or after the last one.")
)
def note(
    *,
    by: Annotated[str, typer.Option(metavar="PERSON", help=_("id of the person who types it in"))],
    run: Annotated[str, typer.Option(metavar="RUN", help=_("drill it is of; default: the latest"))] = "latest",
    participant: _Participant = "",
    role: Annotated[str, typer.Option(help=_("role of the participant"))] = "",
    decision: _Decision = "",
    event: Annotated[str, typer.Option(metavar="TEXT", help=_("something that happened"))] = "",
    problem: Annotated[str, typer.Option(metavar="TEXT", help=_("something that went wrong"))] = "",
    improvement: Annotated[str, typer.Option(metavar="TEXT", help=_("what is to be done better"))] = "",
    answer: Annotated[str, typer.Option(metavar="TEXT", help=_("the answer to a step; --step says which"))] = "",
    step: Annotated[str, typer.Option(metavar="STEP", help=_("step of the scenario the note is about"))] = "",
    training: _Training = "",
    summary: Annotated[str, typer.Option(metavar="TEXT", help=_("what the drill showed, in a few sentences"))] = "",
    sign_off: _SignOff = "",
) -> Iterable[Outcome]:
    """Append one note."""
    from sec_ops.cli.drill._note import add_note

    texts = {
        "participant": participant,
        "decision": decision,
        "event": event,
        "problem": problem,
        "improvement": improvement,
        "answer": answer,
        "training": training,
        "summary": summary,
        "sign_off": sign_off,
    }
    return add_note(
        current().site,
        run,
        by,
        {kind: each.strip() for kind, each in texts.items() if each.strip()},
        role=role,
        step=step,
    )
