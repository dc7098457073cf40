"""A small real HTTP server on loopback that answers as a cluster in trouble would: for what no node does on demand."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "Asked", "Pretender", "pretending"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: method, path without its query, body."""

    method: str
    path: str
    body: bytes

    def documents(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the ids and documents of a bulk request."""
        lines = [json.loads(line) for line in self.body.splitlines()]
        if "delete" in lines[0]:
            return []
        return [(action["index"]["_id"], document) for action, document in zip(lines[::2], lines[1::2], strict=True)]


Answer = tuple[int, Any] | None
"""Status and JSON; None cuts the connection without one."""


@dataclass(slots=True)
class Pretender:
    """Keeps what bulk requests that it accepted brought; `bulk` decides on each bulk request, `other` on any other."""

    bulk: Callable[[Asked, int], Answer] = field(default=lambda _asked, _number: (200, {"errors": False}))
    other: Callable[[Asked], Any] = field(default=lambda _asked: NotImplemented)
    product: str = "Elasticsearch"
    version: str = "8.19.13"
    asked: list[Asked] = field(default_factory=list)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request."""
        self.asked.append(asked)
        if asked.path == "/_bulk":
            return self._bulk(asked)
        chosen = self.other(asked)
        return self._usual(asked) if chosen is NotImplemented else chosen

    @property
    def bulks(self) -> list[Asked]:
        """The bulk requests that came."""
        return [each for each in self.asked if each.path == "/_bulk"]

    def _bulk(self, asked: Asked) -> Answer:
        answer = self.bulk(asked, len(self.bulks))
        if answer is not None and answer[0] == 200:
            items: Sequence[Any] = answer[1].get("items") or [{"index": {"status": 201}}] * len(asked.documents())
            for (name, document), item in zip(asked.documents(), items, strict=True):
                if item["index"]["status"] in (200, 201):
                    self.stored[name] = document
        return answer

    def _usual(self, asked: Asked) -> Answer:
        if asked.path == "/":
            return 200, {"version": {"number": self.version}, "tagline": "You Know, for Search"}
        if asked.path.endswith("/_mapping") and asked.method == "GET":
            return 200, {"index": {"mappings": {"_meta": {"managed_by": "sec-ops"}, "properties": {}}}}
        if asked.path.startswith("/_index_template/") and asked.method == "GET":
            return 404, {"error": {"type": "resource_not_found_exception"}}
        if "/_doc/" in asked.path and asked.method == "GET":
            return 404, {"found": False}
        return 200, {"acknowledged": True}


@contextmanager
def pretending(pretender: Pretender) -> Iterator[Pretender]:
    """Let it listen on a port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = pretender.answer(Asked(self.command, self.path.split("?")[0], body))
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            text = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("X-elastic-product", pretender.product)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                with contextlib.suppress(BrokenPipeError):
                    self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 - the library's names

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    pretender.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield pretender
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
