"""All listeners of a process: opened together, told of together, ended so that nothing taken is lost."""

import asyncio
import contextlib
import os
import signal
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.errors import SecOpsError
from sec_ops.model.log_listener import Listener
from sec_ops.model.protocols import Clock, SecretReader
from sec_ops.runtime.language import render
from sec_ops.siem.listen.connection import Connection
from sec_ops.siem.listen.datagrams import Datagrams
from sec_ops.siem.listen.directory import Directory
from sec_ops.siem.listen.gate import Gate, Speak
from sec_ops.siem.listen.http import Bodies, HttpConnection
from sec_ops.siem.listen.intake import Intake, Raw
from sec_ops.siem.listen.keys import Keyring, Throttle
from sec_ops.siem.listen.readiness import notify, watchdog_seconds
from sec_ops.siem.listen.relp import Relp
from sec_ops.siem.listen.senders import Senders
from sec_ops.siem.listen.state import ListenerState
from sec_ops.siem.listen.syslog_stream import SyslogStream
from sec_ops.siem.listen.tls import load_certificate, server_context

__all__ = ["Ended", "Plan", "Server", "serve"]

TELL_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is listened to and how: `root` is the folder that paths of certificates are relative to.

    `tell` is given the states of all listeners when they listen, every few seconds, and at the end; `complain` what
    went wrong and didn't end the listening. `reload` is called at SIGHUP and must return at once.
    """

    listeners: Sequence[Listener]
    root: Path
    read_secret: SecretReader
    directory: Directory
    zone: str
    tell: Callable[[Sequence[ListenerState]], None]
    complain: Callable[[SecOpsError], None]
    reload: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended: the last states, and records that could not be written."""

    states: Sequence[ListenerState]
    lost: int


def serve(plan: Plan, raw: Raw, clock: Clock) -> Ended:
    """Listen until SIGTERM or SIGINT; SIGHUP reads the certificates again, and tells the plan.

    On return everything that was taken is on disk, or counted as lost. Raises UsageError for a port that can't be had,
    ContentInvalid for certificates that can't be used, and what ended the writing.
    """
    return asyncio.run(_serve(plan, raw, clock))


async def _serve(plan: Plan, raw: Raw, clock: Clock) -> Ended:
    loop = asyncio.get_running_loop()
    server, stop = Server(plan, raw, clock), loop.create_future()
    with _signals(loop, stop, server.reload):
        try:
            server.open()
            notify("READY=1")
            await server.until(stop)
            notify("STOPPING=1")
        finally:
            await server.close()
    return server.ended


class Server:
    """The listeners of a plan, within an event loop: `open`, wait `until` something, `close`."""

    def __init__(self, plan: Plan, raw: Raw, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self._gates: list[Gate] = []
        self._datagrams: list[Datagrams] = []
        self._contexts = [self._context(each) for each in plan.listeners]
        self._since_ms = self._now_ms()
        self._ended_ms: int | None = None
        self._ready = False
        self._intake = Intake(raw, clock, asyncio.get_running_loop())

    @property
    def ended(self) -> Ended:
        """Return how it ended."""
        return Ended(states=self.states(), lost=self._intake.lost)

    def open(self) -> None:
        """Listen; raises UsageError for a port that can't be had."""
        for listener, context in zip(self._plan.listeners, self._contexts, strict=True):
            self._open(listener, context)
        self._ready = True
        self._plan.tell(self.states())

    async def until(self, stop: asyncio.Future[None]) -> None:
        """Tell how things stand every few seconds until it is time to stop, or writing has ended."""
        seconds = min(TELL_SECONDS, watchdog_seconds() or TELL_SECONDS)
        waited_for = {stop, self._intake.crashed}
        while not (await asyncio.wait(waited_for, timeout=seconds, return_when=asyncio.FIRST_COMPLETED))[0]:
            notify("WATCHDOG=1")
            await asyncio.to_thread(self._plan.tell, self.states())

    async def close(self) -> None:
        """Accept nobody; take and write what is under way; acknowledge it; hang up. Raises what ended the writing."""
        for gate in self._gates:
            gate.close()
        await asyncio.gather(*(gate.part() for gate in self._gates))
        for each in self._datagrams:
            each.close()
        await self._intake.drain()
        self._ended_ms = self._now_ms()
        if self._intake.crashed.done():
            self._intake.crashed.result()
        if self._ready:
            self._plan.tell(self.states())

    def reload(self) -> None:
        """Read the certificates again; those that can't be used are complained of, and the old ones stay."""
        self._plan.reload()
        for gate in self._gates:
            if gate.tls and gate.listener.tls:
                try:
                    load_certificate(gate.tls, gate.listener.tls, self._plan.root, self._plan.read_secret)
                except SecOpsError as error:
                    self._plan.complain(error)

    def states(self) -> list[ListenerState]:
        """Return how each listener stands."""
        for each in self._datagrams:
            if self._ended_ms is None:
                each.count_dropped()
        doors: list[Gate | Datagrams] = [*self._datagrams, *self._gates]
        return [self._state(each) for each in doors]

    def _context(self, listener: Listener) -> ssl.SSLContext | None:
        return server_context(listener.tls, self._plan.root, self._plan.read_secret) if listener.tls else None

    def _open(self, listener: Listener, context: ssl.SSLContext | None) -> None:
        senders = Senders(listener=listener, directory=self._plan.directory, zone=self._plan.zone)
        if listener.kind == "syslog_udp":
            self._datagrams.append(Datagrams(listener, senders, self._intake))
        else:
            self._gates.append(Gate(listener, senders, self._intake, _speaker(listener), context))

    def _state(self, door: Gate | Datagrams) -> ListenerState:
        return ListenerState(
            id=door.listener.id,
            kind=door.listener.kind,
            address=door.listener.address,
            port=door.port,
            pid=os.getpid(),
            since_ms=self._since_ms,
            updated_ms=self._now_ms(),
            ended_ms=self._ended_ms,
            held_bytes=self._intake.held,
            trouble=render(self._intake.trouble.what) if self._intake.trouble else "",
            counts=door.counts.document(),
        )

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _speaker(listener: Listener) -> Speak:
    if listener.kind == "relp":
        return Relp
    if listener.kind != "bulk":
        return SyslogStream
    keyring = Keyring(listener.keys, Throttle(time.monotonic))
    bodies = Bodies(listener.bounds.plain_bytes)

    def speak(gate: Gate, address: str) -> Connection:
        return HttpConnection(gate, address, keyring, bodies)

    return speak


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Future[None], reload: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the serving and SIGHUP reload, and give them back afterwards."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}

    def end() -> None:
        if not stop.done():
            stop.set_result(None)

    loop.add_signal_handler(signal.SIGTERM, end)
    loop.add_signal_handler(signal.SIGINT, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
