"""`sec-ops backup receive`: keep a receiver of a write-ahead log alive, for a service manager to run."""

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import note
from sec_ops.cli.termination import was_terminated
from sec_ops.model.errors import SecOpsError, TransportError, UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

if TYPE_CHECKING:
    from sec_ops.cli.backup._capturing import Chosen
    from sec_ops.cli.backup._planning import Room

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_PAUSE_SECONDS = 5.0
_SILENCE_SECONDS = 20.0


@app.command(
    help=_("Receive the write-ahead log of a plan's postgresql_receivewal source until ended; always goes on.")
)
def receive(
    system: Annotated[str, typer.Argument(help=_("key system whose plan has the source"))],
) -> Iterable[Outcome]:
    """Receive, and start again a few seconds after each end, which is told."""
    from sec_ops.cli.backup._capturing import chosen
    from sec_ops.cli.backup._planning import load_site

    room = load_site(current().site)
    found = [each for each in chosen(room, system) if each.source.kind == "postgresql_receivewal"]
    if len(found) != 1:
        what = message("the plan of {system} has {count} sources that receive a log", system=system, count=len(found))
        raise UsageError(what, advice=message("see: sec-ops backup plans"))

    def ended(error: SecOpsError) -> bool:
        note(": ".join(filter(None, (render(error.what), printable(error.why)))))
        time.sleep(_PAUSE_SECONDS)
        return not was_terminated()

    again = True
    while again:
        try:
            _receive(found[0], room, ended)
            again = False
        except TransportError as error:
            again = ended(error)
    return ()


def _receive(each: "Chosen", room: "Room", ended: Callable[[SecOpsError], bool]) -> None:
    """Receive on the machine that keeps the log, connected to it for as long as that lasts."""
    from sec_ops.backup.sources.postgresql_receivewal import SOURCE
    from sec_ops.cli.backup._capturing import order_of
    from sec_ops.cli.backup._hosts import connected

    host = each.source.host
    with connected(room, host, silence_seconds=_SILENCE_SECONDS) if host else nullcontext() as there:
        SOURCE.receive(order_of(each, room, 60.0, there.doors if there else None), ended)
