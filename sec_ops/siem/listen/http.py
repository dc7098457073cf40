"""HTTP/1.1 for the `_bulk` endpoint: h11 speaks, this decides. A request is answered when its events are on disk."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import h11
import orjson

from sec_ops.model.log_listener import ApiKey
from sec_ops.siem.listen.body import Body, Refusal
from sec_ops.siem.listen.bulk import Item, bulk_answer, read_bulk
from sec_ops.siem.listen.connection import Connection
from sec_ops.siem.listen.endpoints import Answer, Bulk, route
from sec_ops.siem.listen.intake import Delivery
from sec_ops.siem.listen.keys import Keyring
from sec_ops.siem.raw.log import Appended
from sec_ops.siem.records import Origin

if TYPE_CHECKING:
    from sec_ops.siem.listen.gate import Gate

__all__ = ["Bodies", "HttpConnection"]

HEADER_BYTES = 16_384
BODIES_BYTES = 134_217_728
"""Bytes of all requests under way at once, one of the largest at least; past it senders are told to come again."""
_SMALL_BODY_BYTES = 262_144
_AHEAD_BYTES = 65_536
"""Of the next requests, while one is answered; what is more stays with the sender."""
_PLAIN_JSON = "application/json"
_VENDOR_JSON = "application/vnd.elasticsearch+json;compatible-with=8"
_BUSY = Refusal(429, "es_rejected_execution_exception", "too many requests are under way; send again later")
_UNWRITTEN = Refusal(503, "unavailable_shards_exception", "the events could not be written; send them again")


class Bodies:
    """Bytes of request bodies held by all connections of a listener."""

    def __init__(self, plain_bytes: int) -> None:
        self._bound = max(BODIES_BYTES, plain_bytes)
        self._held = 0

    def take(self, size: int) -> bool:
        """Return whether there is room for more, and take it."""
        if self._held + size > self._bound:
            return False
        self._held += size
        return True

    def give(self, size: int) -> None:
        """Give room back."""
        self._held -= size


class HttpConnection(Connection):
    """One connection of a shipper."""

    def __init__(self, gate: "Gate", address: str, keyring: Keyring, bodies: Bodies) -> None:
        super().__init__(gate, address)
        self._keyring = keyring
        self._bodies = bodies
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_BYTES)
        self._key: ApiKey | None = None
        self._wanted: Answer | Bulk | None = None
        self._body: Body | None = None
        self._held = 0
        self._begun_ms = 0
        self._method = b""
        self._form = _PLAIN_JSON
        self._served = False
        self._leaving = False
        self._answering = False
        self._sender: Origin
        self._work: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> bool:
        """Return whether a request has begun and not come to its end, or none ever came."""
        if self._answering:
            return False
        return self._http.their_state is not h11.IDLE or bool(self._http.trailing_data[0]) or not self._served

    def opened(self) -> bool:
        """Return whether this sender may speak; where keys are asked for, they tell."""
        sender = self.gate.senders.origin(self.address, self.names)
        if sender is not None:
            self._sender = sender
        return sender is not None

    def received(self, data: bytes) -> bool:
        """Take bytes; return whether a request came to its end."""
        self._http.receive_data(data)
        completed = self._advance()
        if self._answering and len(self._http.trailing_data[0]) > _AHEAD_BYTES:
            self._shut("answering")
        return completed

    def ended(self) -> None:
        """Forget a request that was half sent: it was not answered, and comes again."""
        self._release()

    def leave(self) -> None:
        """Close after the request that is under way: some shippers don't send one again that got no answer."""
        self._leaving = True

    def may_go(self) -> bool:
        """Return whether no request is under way or about to come."""
        busy = self._answering or (self._served and self.waiting)
        return not busy and super().may_go()

    def farewell(self) -> bytes:
        """Return nothing: HTTP just closes."""
        return b""

    def _advance(self) -> bool:
        try:
            return self._take_events()
        except h11.RemoteProtocolError as error:
            self.counts.broken += 1
            self._refuse(Refusal(error.error_status_hint, "illegal_argument_exception", str(error)))
            return False

    def _take_events(self) -> bool:
        completed = False
        while not self.closing and not self._answering:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._take(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                completed = True
                self._finish()
            else:
                break
        return completed

    def _begin(self, request: h11.Request) -> None:
        self._begun_ms = time.monotonic_ns() // 1_000_000
        self._method = request.method
        headers = dict(request.headers)
        self._form = _VENDOR_JSON if b"vnd.elasticsearch+json" in headers.get(b"accept", b"") else _PLAIN_JSON
        key = self._keyring.check(headers.get(b"authorization", b""), self.address)
        if isinstance(key, Refusal):
            self.counts.denied += key.status == 401
            self.counts.throttled += key.status == 429
            self._refuse(key)
            return
        wanted = route(request.method.decode("latin-1"), request.target.decode("latin-1"))
        if isinstance(wanted, Refusal):
            self._refuse(wanted)
            return
        self._key, self._wanted = key, wanted
        self._body = Body(self.bounds, headers.get(b"content-encoding", b"").strip().lower())
        if self._announced_too_much(headers) or self._body.refusal:
            self._refuse(self._body.refusal or _too_large(self.bounds.body_bytes))
        elif self._http.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[]))

    def _announced_too_much(self, headers: dict[bytes, bytes]) -> bool:
        return int(headers.get(b"content-length", b"0")) > self.bounds.body_bytes

    def _take(self, data: bytes) -> None:
        assert self._body is not None  # noqa: S101 - h11 sends data after a request only
        before = self._body.plain_bytes
        self._body.feed(data)
        grown = self._body.plain_bytes - before
        if self._body.refusal:
            self._refuse(self._body.refusal)
        elif not self._bodies.take(grown):
            self._refuse(_BUSY)
        else:
            self._held += grown

    def _finish(self) -> None:
        assert self._body is not None  # noqa: S101 - as above
        body = self._body.whole()
        if self._body.refusal:
            self._refuse(self._body.refusal)
        elif isinstance(self._wanted, Answer):
            self._respond(self._wanted.status, self._wanted.document)
        elif isinstance(self._wanted, Bulk):
            self._answering = True
            if len(body) < _SMALL_BODY_BYTES:
                self._store(read_bulk(body, self._wanted.index))
            else:
                self._work = self._loop.create_task(self._read_aside(body, self._wanted.index))

    async def _read_aside(self, body: bytes, index: str) -> None:
        """Read a large request in a thread, so that other connections go on."""
        items = await asyncio.to_thread(read_bulk, body, index)
        if not self.transport.is_closing():
            self._store(items)

    def _store(self, items: Sequence[Item] | Refusal) -> None:
        if isinstance(items, Refusal):
            self._respond(items.status, items.document())
            return
        good = [item for item in items if item.fault is None]
        self.counts.rejected += len(items) - len(good)
        if not good:
            self._tell(items, None)
            return

        def settled(appended: Appended | None) -> None:
            if appended is None:
                self._respond(_UNWRITTEN.status, _UNWRITTEN.document())
            else:
                self._tell(items, appended)

        ids = [item.id for item in good]
        delivery = Delivery(
            origin=self._origin(),
            records=[item.record for item in good],
            counts=self.counts,
            received_ms=self.intake.now_ms(),
            ids=ids if any(each is not None for each in ids) else (),
            settled=settled,
        )
        self.put(delivery)

    def _origin(self) -> Origin:
        senders = self.gate.senders
        if self._key is not None:
            return senders.of_key(self._key, self.address)
        return self._sender

    def _tell(self, items: Sequence[Item], appended: Appended | None) -> None:
        took = time.monotonic_ns() // 1_000_000 - self._begun_ms
        self._respond(200, bulk_answer(items, appended, took))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with an error before the request's end, and close: what is still coming is not read."""
        self._respond(refusal.status, refusal.document())

    def _respond(self, status: int, document: dict[str, Any]) -> None:
        self._release()
        self._answering = False
        self._open("answering")
        if self.transport.is_closing() or self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        self.counts.requests += 1
        self._served = True
        body = orjson.dumps(document)
        headers = [
            ("content-type", self._form),
            ("x-elastic-product", "Elasticsearch"),
            ("content-length", str(len(body))),
        ]
        if status == 401:
            headers.append(("www-authenticate", 'ApiKey, Basic realm="sec-ops"'))
        if self._leaving or self._http.their_state not in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED):
            headers.append(("connection", "close"))
        self._write(h11.Response(status_code=status, headers=headers))
        if self._method != b"HEAD":
            self._write(h11.Data(data=body))
        self._write(h11.EndOfMessage())
        self._next()

    def _next(self) -> None:
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._loop.call_soon(self._go_on)
        else:
            self.hang_up()

    def _go_on(self) -> None:
        """Look whether the next request has come already."""
        if not self.closing and not self.transport.is_closing():
            self._advance()

    def _release(self) -> None:
        self._bodies.give(self._held)
        self._held = 0
        self._body = None

    def _write(self, event: Any) -> None:  # noqa: ANN401 - h11's events
        if data := self._http.send(event):
            self.transport.write(data)


def _too_large(bound: int) -> Refusal:
    return Refusal(413, "content_too_long_exception", f"the body is larger than {bound} bytes")
