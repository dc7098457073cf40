"""An SSH connection up to the signed-in user: algorithms, host key, sign-in; one typed error per way to fail."""

import logging
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from functools import partial

import paramiko

from sec_ops.model.errors import AuthenticationFailed, ConnectionLost, HostKeyChanged, HostKeyUnknown, TransportError
from sec_ops.model.messages import message
from sec_ops.transport._wire import PatientPacketizer, Wire
from sec_ops.transport.credentials import Credentials
from sec_ops.transport.known_hosts import KeyState, KnownHosts, fingerprint, host_names, key_type
from sec_ops.transport.values import Target

__all__ = ["shake_hands", "sign_in", "verified_host_key"]

_NEVER_SECONDS = 86400.0  # the visit's deadline ends the wire, which ends every wait
_LOG = "sec_ops.transport.ssh"
logging.getLogger(_LOG).setLevel(logging.CRITICAL + 1)

# An authenticated cipher is the cheapest for both sides. What else paramiko offers stays for old hosts.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


def shake_hands(wire: Wire, target: Target, known_hosts: KnownHosts) -> paramiko.Transport:
    """Agree on keys with the host; raises what paramiko raises, ConnectionLost when the host hung up.

    The host is asked for the kinds of key it is known by first, as OpenSSH does.
    """
    transport = paramiko.Transport(wire, packetizer_class=PatientPacketizer)  # type: ignore[arg-type]
    transport.auth_timeout = _NEVER_SECONDS
    transport.set_log_channel(_LOG)
    options = transport.get_security_options()
    options.ciphers = _first(_CIPHERS, options.ciphers)
    known_types = [key_type(key) for key in known_hosts.keys(_names(target))]
    options.key_types = _first(
        [name for kind in known_types for name in _SIGNATURES.get(kind, (kind,))], options.key_types
    )
    _wait(transport, lambda done: transport.start_client(event=done))
    return transport


def verified_host_key(transport: paramiko.Transport, target: Target, known_hosts: KnownHosts) -> str:
    """Return type and fingerprint of the host's key; raises HostKeyUnknown or HostKeyChanged."""
    shown = transport.get_remote_server_key().asbytes()
    state = known_hosts.state(_names(target), shown)
    if state is not KeyState.KNOWN:
        raise _not_trusted(state, target, fingerprint(shown))
    return fingerprint(shown)


def sign_in(transport: paramiko.Transport, target: Target, credentials: Credentials) -> None:
    """Sign in with what the target has; raises AuthenticationFailed or ConnectionLost."""
    refusals = []
    with closing(_attempts(transport, target, credentials)) as attempts:
        for method, attempt in attempts:
            refusal = _try(transport, attempt)
            if transport.is_authenticated():
                return
            refusals.append(f"{method}: {refusal}")
            if not transport.is_active():
                break
    raise _not_signed_in(transport, target, refusals)


_Attempt = Callable[[threading.Event], object]


def _attempts(
    transport: paramiko.Transport, target: Target, credentials: Credentials
) -> Generator[tuple[str, _Attempt], None, None]:
    user, key, password = target.user, credentials.key, credentials.password
    if key is not None:
        yield f"key {target.identity_file}", lambda done: transport.auth_publickey(user, key, done)
    if password is not None:
        # Without an event paramiko waits itself, and asks through keyboard-interactive where that is the only way.
        yield "password", lambda _: transport.auth_password(user, password.get_secret_value())
    if key is None and password is None:
        with closing(paramiko.Agent()) as agent:
            for offered in agent.get_keys():
                yield f"agent's key {offered.comment}", partial(transport.auth_publickey, user, offered)


def _try(transport: paramiko.Transport, attempt: _Attempt) -> str:
    """Make one attempt to sign in; return why it was refused, nothing when it was not."""
    done = threading.Event()
    try:
        attempt(done)
        while not (transport.is_authenticated() or not transport.is_active() or done.wait(1)):
            pass
        return str(transport.get_exception() or "")
    except paramiko.SSHException as refused:
        return str(refused)


def _wait(transport: paramiko.Transport, start: Callable[[threading.Event], object]) -> None:
    """Start a step and sleep until it is done or the connection ended."""
    done = threading.Event()
    start(done)
    done.wait()
    if not transport.is_active():
        raise transport.get_exception() or EOFError()


def _first(preferred: Iterable[str], offered: Iterable[str]) -> tuple[str, ...]:
    offered = tuple(offered)
    chosen = [name for name in dict.fromkeys(preferred) if name in offered]
    return (*chosen, *(name for name in offered if name not in chosen))


def _names(target: Target) -> tuple[str, ...]:
    return host_names(target.address, target.name, port=target.port)


def _not_trusted(state: KeyState, target: Target, shown: str) -> TransportError:
    where = str(target.known_hosts)
    if state is KeyState.UNKNOWN:
        return HostKeyUnknown(
            message("{host}: its key {key} is not in {file}", host=target.name, key=shown, file=where),
            where=where,
            advice=message(
                "ssh-keyscan -p {port} {address} >> {file}, then compare with what the host's own console shows: "
                "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
                port=target.port,
                address=target.address,
                file=where,
            ),
        )
    revoked = message(
        "{host}: the key {key} it shows is marked as revoked in {file}", host=target.name, key=shown, file=where
    )
    changed = message(
        "{host}: it shows the key {key}, not the one known for it in {file}", host=target.name, key=shown, file=where
    )
    return HostKeyChanged(
        revoked if state is KeyState.REVOKED else changed,
        where=where,
        advice=message(
            "somebody may stand between; if the host was rebuilt on purpose: ssh-keygen -R '{name}' -f {file}, then "
            "add its new key after comparing the fingerprint at its console",
            name=_names(target)[0],
            file=where,
        ),
    )


def _not_signed_in(transport: paramiko.Transport, target: Target, refusals: list[str]) -> TransportError:
    where = f"{target.user}@{target.address} port {target.port}"
    if refusals and refusals[0].endswith(": ") and not transport.is_active():
        what = message("{host}: the connection ended while {user} signed in", host=target.name, user=target.user)
        return ConnectionLost(what, where=where)
    if refusals:
        what = message("{host}: {user} was not let in", host=target.name, user=target.user)
    else:
        what = message(
            "{host}: no key file, no password and no key in an agent for {user}", host=target.name, user=target.user
        )
    return AuthenticationFailed(
        what,
        where=where,
        why="; ".join(refusals),
        advice=message(
            "ssh-copy-id -p {port} {user}@{address}, or correct user, key or password in the inventory",
            port=target.port,
            user=target.user,
            address=target.address,
        ),
    )
