"""`sec-ops backup receive`: keep a receiver of a write-ahead log alive, for a service manager to run."""

import time
from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import note
from sec_ops.cli.termination import was_terminated
from sec_ops.model.errors import EngineError, UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_PAUSE_SECONDS = 5.0


@app.command(
    help=_("Receive the write-ahead log of a plan's postgresql_receivewal source until ended; always goes on.")
)
def receive(
    system: Annotated[str, typer.Argument(help=_("key system whose plan has the source"))],
) -> Iterable[Outcome]:
    """Receive, and start again a few seconds after each end, which is told."""
    from sec_ops.backup.sources.postgresql_receivewal import SOURCE
    from sec_ops.cli.backup._capturing import chosen, order_of
    from sec_ops.cli.backup._planning import load_site

    room = load_site(current().site)
    found = [each for each in chosen(room, system) if each.source.kind == "postgresql_receivewal"]
    if len(found) != 1:
        what = message("the plan of {system} has {count} sources that receive a log", system=system, count=len(found))
        raise UsageError(what, advice=message("see: sec-ops backup plans"))
    if host := found[0].source.host:
        what = message(
            "{source} is on the host {host}; a log is received on this machine only", source=found[0].name, host=host
        )
        raise UsageError(what, advice=message("receive it by the controller that keeps the log, and leave `host` out"))

    def ended(error: EngineError) -> bool:
        note(": ".join(filter(None, (render(error.what), printable(error.why)))))
        time.sleep(_PAUSE_SECONDS)
        return not was_terminated()

    SOURCE.receive(order_of(found[0], room, 60.0), ended)
    return ()
