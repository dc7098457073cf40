"""Jump hosts: one signed-in connection to each, shared by the visits to what lies behind it.

A jump host only carries bytes (RFC 4254, 7.2, `direct-tcpip`): the target's own key and sign-in are end to end.
"""

import threading
from collections.abc import Callable

import paramiko

from sec_ops.model.errors import DeadlineExceeded, HostUnreachable, TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.transport._connection import shake_hands, sign_in, verified_host_key
from sec_ops.transport._failures import at_jump_host, place, translated
from sec_ops.transport._wire import Wire
from sec_ops.transport.credentials import Credentials
from sec_ops.transport.values import Target

__all__ = ["JumpHosts"]

_LOOK_SECONDS = 0.1
_PATIENCE = 3  # a sign-in may take that many times what a connection may
_WIRE_BYTES = 16 * 1024 * 1024
_NOT_FORWARDED = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED

_SEE_FROM_THERE = message(
    "see that the host is up, that its sshd listens at this port, and that the jump host knows its name and reaches it"
)

_Key = tuple[object, ...]


class JumpHosts:
    """The jump hosts of one fan-out. A host that can't be reached is tried once, one that was lost again."""

    def __init__(self, *, connect_seconds: float, clock: Clock) -> None:
        self._connect_seconds = connect_seconds
        self._clock = clock
        self._hops: dict[_Key, _Hop] = {}
        self._lock = threading.Lock()
        self._closed = False

    def way(
        self, target: Target, credentials: Credentials, seconds: float, bound_bytes: int, ended: threading.Event
    ) -> paramiko.Channel:
        """Return a connection to the target's address, opened by its jump host within `seconds`.

        Waits for the jump host's own connection until `ended` is set. Raises the TransportError of the hop that failed,
        OSError when it was ended.
        """
        hop = self._hop(target, credentials)
        transport = hop.wait(target, ended)
        hop.wire.allow(bound_bytes)
        try:
            return transport.open_channel(
                "direct-tcpip", (target.address, target.port), ("127.0.0.1", 0), timeout=seconds
            )
        except paramiko.ChannelException as refused:
            raise _not_opened(hop.target, target, refused) from refused
        except (paramiko.SSHException, EOFError, OSError) as failed:
            if transport.is_active():
                raise _no_answer(hop.target, target, seconds) from failed
            lost = translated(EOFError(), hop.target, hop.credentials)
            raise at_jump_host(lost, target) from failed

    def close(self) -> None:
        """End every connection to a jump host."""
        with self._lock:
            self._closed = True
            hops = tuple(self._hops.values())
        for hop in hops:
            hop.close()

    def _hop(self, target: Target, credentials: Credentials) -> "_Hop":
        jump, own = target.jump, credentials.jump
        assert jump is not None and own is not None  # noqa: S101, PT018 - both are made together
        with self._lock:
            if self._closed:
                raise EOFError
            hop = self._hops.get(_key(jump))
            if hop is None or hop.is_lost():
                seconds = min(_PATIENCE * self._connect_seconds, jump.deadline_seconds)
                hop = self._hops[_key(jump)] = _Hop(jump, own, seconds, self._clock, self._connect)
            return hop

    def _connect(self, hop: "_Hop") -> None:
        """Connect a hop's wire: straight, or through the hop before it."""
        seconds = min(self._connect_seconds, hop.target.deadline_seconds)
        if hop.target.jump is None:
            hop.wire.connect(hop.target, seconds)
        else:
            hop.wire.use(self.way(hop.target, hop.credentials, seconds, _WIRE_BYTES, hop.ended))


class _Hop:
    """One jump host: its connection is made by a thread of its own, so that no visit's end ends it for the others."""

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        seconds: float,
        clock: Clock,
        connect: "Callable[[_Hop], None]",
    ) -> None:
        self.target = target
        self.credentials = credentials
        self.wire = Wire(_WIRE_BYTES)
        self.ended = threading.Event()
        self._clock = clock
        self._connect = connect
        self._settled = threading.Event()
        self._transport: paramiko.Transport | None = None
        self._error: TransportError | None = None
        self._seconds = seconds
        self._end_ms = clock.monotonic_ms() + int(seconds * 1000)
        threading.Thread(target=self._open, daemon=True).start()

    def wait(self, target: Target, ended: threading.Event) -> paramiko.Transport:
        """Return the signed-in connection; raises its failure as it concerns `target`, OSError when `ended`."""
        while not self._settled.wait(_LOOK_SECONDS):
            if ended.is_set():
                raise EOFError
            if self._clock.monotonic_ms() > self._end_ms:
                self._give_up()
        if self._error is not None:
            raise at_jump_host(self._error, target)
        assert self._transport is not None  # noqa: S101 - settled without an error
        return self._transport

    def is_lost(self) -> bool:
        """Return whether it was connected and is no more."""
        return self._transport is not None and not self._transport.is_active()

    def close(self) -> None:
        """End the connection, also one that is being made."""
        self.ended.set()
        self.wire.end()
        if self._transport is not None:
            self._transport.close()
        self.wire.close()

    def _open(self) -> None:
        try:
            self._connect(self)
            transport = shake_hands(self.wire, self.target, self.credentials.known_hosts)
            verified_host_key(transport, self.target, self.credentials.known_hosts)
            sign_in(transport, self.target, self.credentials)
            self._transport = transport
        except TransportError as failed:
            self._error = self._error or failed
        except Exception as failed:  # noqa: BLE001 - a peer's bytes can make the SSH library raise anything
            self._error = self._error or translated(failed, self.target, self.credentials)
        finally:
            if self._transport is None:
                self.wire.close()
            self._settled.set()

    def _give_up(self) -> None:
        self._error = DeadlineExceeded(
            message("{host}: not signed in within {seconds} s", host=self.target.name, seconds=f"{self._seconds:g}"),
            where=place(self.target),
            advice=message("see why the host is slow, or give it a longer deadline"),
        )
        self.ended.set()
        self.wire.end()
        self._settled.set()


def _key(target: Target) -> _Key:
    before = _key(target.jump) if target.jump else ()
    return (target.name, target.address, target.port, target.user, target.identity_file, before)


def _not_opened(jump: Target, target: Target, refused: paramiko.ChannelException) -> TransportError:
    """Return the error for a jump host that did not connect; paramiko keeps its reason, not its words."""
    where = f"{target.address} port {target.port}"
    names = {"host": target.name, "jump": jump.name, "where": where}
    if refused.code == _NOT_FORWARDED:
        return HostUnreachable(
            message("{host}: the jump host {jump} does not pass connections on to {where}", **names),
            where=place(jump),
            why=refused.text,
            advice=message("allow it in the jump host's sshd_config: AllowTcpForwarding, PermitOpen"),
        )
    return HostUnreachable(
        message("{host}: the jump host {jump} can't reach {where}", **names),
        where=where,
        why=refused.text,
        advice=_SEE_FROM_THERE,
    )


def _no_answer(jump: Target, target: Target, seconds: float) -> TransportError:
    where = f"{target.address} port {target.port}"
    names = {"host": target.name, "jump": jump.name, "where": where, "seconds": seconds}
    return HostUnreachable(
        message("{host}: the jump host {jump} got no answer from {where} within {seconds} s", **names),
        where=where,
        advice=_SEE_FROM_THERE,
    )
