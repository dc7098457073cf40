"""The HTTP door: one request, one deadline, a bounded answer that is not unpacked.

TLS is verified; plain HTTP speaks to loopback only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from sec_ops.model.errors import ConnectionLost, HostUnreachable, UsageError
from sec_ops.model.messages import message
from sec_ops.model.values import is_loopback
from sec_ops.transport.deadline import Deadline

__all__ = ["HttpReply", "post", "send"]

ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """Status and the first 64 KiB of the body."""

    status: int
    body: bytes


def post(
    url: str, body: bytes, *, headers: Mapping[str, str], ca: Path | None = None, deadline_seconds: float = 20
) -> HttpReply:
    """Post `body` and return what came back; as `send`."""
    return send("POST", url, body, headers=headers, ca=ca, deadline_seconds=deadline_seconds)


def send(
    method: Literal["POST", "PUT", "DELETE"],
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    ca: Path | None = None,
    deadline_seconds: float = 20,
) -> HttpReply:
    """Send a request and return what came back, whatever its status; redirects and proxies are not followed.

    Raises UsageError for plain HTTP beyond loopback, HostUnreachable when no connection came about, ConnectionLost when
    it ended too early. The address is in no error: it may hold a secret.
    """
    import urllib3

    place = urlsplit(url)
    host = place.hostname or ""
    if place.scheme != "https" and not (place.scheme == "http" and is_loopback(host)):
        what = message("plain HTTP to {host} would show everybody what is sent", host=host)
        raise UsageError(what, advice=message("use https"))
    timeout = urllib3.Timeout(total=deadline_seconds)
    with (
        Deadline(deadline_seconds) as deadline,
        urllib3.PoolManager(
            cert_reqs="CERT_REQUIRED", retries=False, timeout=timeout, ca_certs=str(ca) if ca else None
        ) as pool,
    ):
        pool.pool_classes_by_scheme = _watched(deadline)
        try:
            answer = pool.request(method, url, body=body, headers=dict(headers), redirect=False, preload_content=False)
            reply = HttpReply(status=answer.status, body=answer.read(ANSWER_BYTES, decode_content=False))
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise HostUnreachable(message("{host}: no connection", host=host), why=_why(error, url)) from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ConnectionLost(message("{host}: no answer", host=host), why=_why(error, url)) from error
        if deadline.over:
            raise ConnectionLost(message("{host}: no answer in time", host=host))
        return reply


def _watched(deadline: Deadline) -> dict[str, Any]:
    """Return urllib3's pools of connections whose sockets the deadline watches."""
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    class Secured(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            deadline.watch(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecuredPool(HTTPSConnectionPool):
        ConnectionCls = Secured

    return {"http": PlainPool, "https": SecuredPool}


def _why(error: Exception, url: str) -> str:
    """Return the reason without path and query of the address."""
    place = urlsplit(url)
    text = str(error)
    for part in filter(None, (url, place.path.strip("/"), place.query)):
        text = text.replace(part, "…")
    return text[:500]
