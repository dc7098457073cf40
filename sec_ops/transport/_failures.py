"""What a peer's misbehaviour is called: any exception of the SSH library to one typed error."""

from sec_ops.model.errors import ConnectionLost, ProtocolFailed, TransportError
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import redact
from sec_ops.transport.credentials import Credentials
from sec_ops.transport.values import Target

__all__ = ["SHOWN_CHARACTERS", "at_jump_host", "lost", "place", "translated"]

SHOWN_CHARACTERS = 1000
_HUNG_UP = "Error reading SSH protocol banner"


def translated(error: Exception, target: Target, credentials: Credentials, said: str = "") -> TransportError:
    """Return the error for what the SSH library raised; `said` is what the host complained of."""
    why = redact(str(error), credentials.secrets)
    if isinstance(error, EOFError | OSError) or why == _HUNG_UP:
        return lost(target, credentials, said, "" if why == _HUNG_UP else why)
    return ProtocolFailed(
        message("{host}: it does not speak SSH as it should", host=target.name),
        where=place(target),
        why=why[:SHOWN_CHARACTERS] or type(error).__name__,
        advice=message("see what answers there: ssh -v -p {port} {address}", port=target.port, address=target.address),
    )


def lost(target: Target, credentials: Credentials, said: str, why: str = "") -> ConnectionLost:
    """Return the error for a connection that ended too early."""
    return ConnectionLost(
        message("{host}: the connection ended before the host had said all", host=target.name),
        where=place(target),
        why=redact("; ".join(part for part in (why, said) if part), credentials.secrets)[-SHOWN_CHARACTERS:],
        advice=message("run again; when it happens again, see the host's own log"),
    )


def at_jump_host(error: TransportError, target: Target) -> TransportError:
    """Return the error as it concerns a target behind: the same kind, saying that it happened on the way."""
    what = message("{host}: on the way, at a jump host: {what}", host=target.name, what=error.what)
    return type(error)(what, where=error.where, why=error.why, advice=error.advice)


def place(target: Target) -> str:
    """Return user, address and port of a target."""
    return f"{target.user}@{target.address} port {target.port}"
