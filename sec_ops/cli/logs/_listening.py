"""Listening as the command line does it: what the configuration and the options ask for, told as it goes."""

import resource
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sec_ops.cli.failure import warn
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit, line, note
from sec_ops.model.errors import SecOpsError, UsageError
from sec_ops.model.log_listener import Listener
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import language, render
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site
from sec_ops.siem.listen.server import Plan, serve
from sec_ops.siem.listen.state import ListenerState, write_state
from sec_ops.transport.companion import Companion
from sec_ops.transport.names import addresses_of
from sec_ops.transport.process import run_program

__all__ = ["index_command", "listen_at"]


def index_command(site: Site) -> list[str]:
    """Return the command line of the process that makes events of what a site received."""
    return [sys.executable, "-m", "sec_ops.cli.logs._indexing", str(site.root), language()]


def listen_at(site: Site, *, only: Sequence[str], quick: Mapping[str, int], beside: Sequence[str]) -> Iterable[Outcome]:
    """Listen for a site until told to stop, a program running `beside` it; return how it came out."""
    from sec_ops.inventory.loading import load_inventory
    from sec_ops.siem.listen.directory import directory_of
    from sec_ops.siem.raw.log import RawLog

    settings = load_configuration(site).logs
    listeners = _chosen(settings.listen, only, quick)
    _warn(listeners)
    _allow_many_connections()
    companion = Companion(beside, seconds=time.monotonic) if beside else None
    teller = _Teller(site, companion)
    inventory = load_inventory(site.root, run_program, cache=site.state)
    plan = Plan(
        listeners=listeners,
        root=site.root,
        read_secret=Secrets(run_program=run_program),
        directory=directory_of(inventory, addresses_of),
        zone=settings.zone,
        tell=teller.tell,
        complain=warn,
        reload=companion.nudge if companion else lambda: None,
    )
    try:
        with RawLog.open(site.logs, clock=SystemClock()) as raw:
            ended = serve(plan, raw, SystemClock())
    finally:
        if companion:
            companion.end()
    outcomes = [Outcome.ENGINE] if ended.lost else []
    if ended.lost:
        note(message("{count} records could not be written any more and are lost", count=ended.lost))
    _summary(ended.states, ended.lost, outcomes)
    return outcomes


def _chosen(configured: Sequence[Listener], only: Sequence[str], quick: Mapping[str, int]) -> list[Listener]:
    known = {each.id: each for each in configured}
    for name in only:
        if name not in known:
            names = ", ".join(sorted(known)) or "-"
            raise UsageError(message("no listener is called {name}; sec-ops.yml has {names}", name=name, names=names))
    chosen = [known[name] for name in only] if only else ([] if quick else list(configured))
    chosen += [Listener(id=f"quick-{kind.replace('_', '-')}", kind=kind, port=port) for kind, port in quick.items()]
    if not chosen:
        advice = message("name listeners in sec-ops.yml under logs: listen:, or try: sec-ops logs listen --tcp 5514")
        raise UsageError(message("there is nothing to listen at"), advice=advice)
    return chosen


def _warn(listeners: Sequence[Listener]) -> None:
    for each in listeners:
        if each.tls is None and not each.loopback:
            what = message(
                "warning: {name} takes plain text at {address}: anybody on the way can read, change and forge it",
                name=each.id,
                address=each.address,
            )
            note(what)


def _allow_many_connections() -> None:
    """Take as many descriptors as the system lets us have; the usual 1,024 are for programs without connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Teller:
    """Tells how the listeners stand: in their state files, and to whoever looks on."""

    def __init__(self, site: Site, companion: Companion | None) -> None:
        self._site = site
        self._companion = companion
        self._told = False
        self._trouble = ""

    def tell(self, states: Sequence[ListenerState]) -> None:
        """Write the states down; say where it is listened, once, and trouble when there is new."""
        for state in states:
            try:
                write_state(self._site.state, state)
            except SecOpsError as error:
                self._complain(render(error.what))
        self._announce(states)
        if self._companion and (code := self._companion.look()) is not None:
            note(message("the process that makes events ended with {code}; it is started again", code=code))
        for trouble in {state.trouble for state in states}:
            self._complain(trouble)

    def _announce(self, states: Sequence[ListenerState]) -> None:
        if current().form == "jsonl":
            for state in states:
                line("listener", state.document())
        elif not self._told:
            for state in states:
                note(f"  {state.kind:<10} {state.address} {state.port}  {state.id}")
        self._told = True

    def _complain(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            note(trouble)
        self._trouble = trouble


def _summary(states: Sequence[ListenerState], lost: int, outcomes: Sequence[Outcome]) -> None:
    body: dict[str, Any] = {"listeners": [state.document() for state in states], "lost": lost}
    emit("sec-ops/logs-listen", body, outcomes=outcomes, text=lambda: "\n".join(map(_shown, states)))


def _shown(state: ListenerState) -> str:
    counts = {name: value for name, value in state.counts.items() if isinstance(value, int) and value}
    return f"{state.id}  " + "  ".join(f"{name}={value}" for name, value in counts.items())
