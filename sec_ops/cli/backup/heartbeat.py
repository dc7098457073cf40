"""`sec-ops backup heartbeat`: write the time into each database whose plan asks for it, once a second."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

if TYPE_CHECKING:
    from sec_ops.backup.source import Beat, Doors
    from sec_ops.cli.backup._capturing import Chosen
    from sec_ops.cli.backup._planning import Room

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_MARGIN_SECONDS = 60.0
_SILENCE_SECONDS = 6.0


@app.command(
    help=_(
        "Write heartbeats for a while: restored data then tells to the second what a loss cost; exit 3 when one failed."
    )
)
def heartbeat(
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help=_("for so long"))] = 55,
) -> Iterable[Outcome]:
    """Beat each second; a database that fails is told and left, the others go on."""
    from sec_ops.cli.backup import _planning

    room = _planning.load_site(current().site)
    states = {each.name: _State() for each in _wanted(room)}
    with ExitStack() as stack:
        beats = dict(_connected(room, states, seconds, stack))
        end = time.monotonic() + seconds
        while beats and time.monotonic() < end:
            started = time.monotonic()
            for name in [name for name, beat in beats.items() if not states[name].take(beat)]:
                del beats[name]
            time.sleep(max(0.0, min(1.0 - (time.monotonic() - started), end - time.monotonic())))
    failed = [name for name, state in states.items() if state.error]
    outcomes = (Outcome.INCOMPLETE,) if failed else ()
    body = {"sources": [{"source": name, **state.document()} for name, state in states.items()]}
    emit("sec-ops/backup-heartbeat", body, outcomes=outcomes, text=lambda: _shown(body["sources"]))
    return outcomes


class _State:
    """Beats written to one source, and the error that ended them."""

    def __init__(self) -> None:
        self.beats = 0
        self.error = ""

    def take(self, beat: "Beat") -> bool:
        """Beat once; return whether to go on."""
        try:
            beat()
        except SecOpsError as error:
            self.fail(error)
            return False
        self.beats += 1
        return True

    def fail(self, error: SecOpsError) -> None:
        """Keep why it ended."""
        self.error = ": ".join(filter(None, (render(error.what), printable(error.why))))

    def leave(self, reason: Message) -> None:
        """Keep why no heartbeat can be written at all."""
        self.error = render(reason)

    def document(self) -> dict[str, Any]:
        """Return both as JSON shows them."""
        return {"beats": self.beats, "error": self.error}


def _wanted(room: "Room") -> Iterator["Chosen"]:
    from sec_ops.cli.backup._capturing import chosen

    return (each for each in chosen(room) if each.source.heartbeat)


def _connected(room: "Room", states: dict[str, _State], seconds: int, stack: ExitStack) -> Iterator[tuple[str, "Beat"]]:
    from sec_ops.backup.source import Beating
    from sec_ops.backup.sources import source_of
    from sec_ops.cli.backup._capturing import order_of

    ways = _Ways(room, stack)
    for each in _wanted(room):
        source = source_of(each.source.kind)
        if not isinstance(source, Beating):
            states[each.name].leave(message("sources of the kind {kind} take no heartbeats", kind=each.source.kind))
            continue
        try:
            order = order_of(each, room, seconds + _MARGIN_SECONDS, ways.doors(each.source.host))
            yield each.name, stack.enter_context(source.beating(order))
        except SecOpsError as error:
            states[each.name].fail(error)


class _Ways:
    """Doors to hosts: each is connected to once, and tried once."""

    def __init__(self, room: "Room", stack: ExitStack) -> None:
        self._room = room
        self._stack = stack
        self._known: dict[str, Doors | SecOpsError] = {}

    def doors(self, host: str) -> "Doors | None":
        """Return the doors to a host, none to this machine; raises what connecting raised."""
        from sec_ops.cli.backup._hosts import connected

        if not host:
            return None
        if host not in self._known:
            try:
                there = self._stack.enter_context(connected(self._room, host, silence_seconds=_SILENCE_SECONDS))
                self._known[host] = there.doors
            except SecOpsError as error:
                self._known[host] = error
        found = self._known[host]
        if isinstance(found, SecOpsError):
            raise found
        return found


def _shown(sources: list[dict[str, Any]]) -> str:
    if not sources:
        return _("no plan asks for a heartbeat")
    beats = _("{source}: {beats} heartbeats")
    lines = [beats.format(source=each["source"], beats=each["beats"]) for each in sources]
    errors = [f"{each['source']}: {each['error']}" for each in sources if each["error"]]
    if errors:
        left = _("{count} of {total} sources are without heartbeats")
        errors.append(left.format(count=len(errors), total=len(sources)))
    return "\n".join([*lines, *errors])
