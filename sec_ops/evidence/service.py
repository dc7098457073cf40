"""The writer service: one process under its own user owns keys and log; callers are known by their socket.

Start it with `python -m sec_ops.evidence.service FOLDER` (a service manager restarts it); FOLDER is the site's
`var/evidence`, owned by the service's user. Whoever may open `service.socket` (its user and group) may append and read;
the entries name the account the kernel reports for the peer. SIGTERM ends it after a last checkpoint.
"""

import pwd
import secrets
import signal
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sec_ops.evidence.client import PAGE
from sec_ops.evidence.drafts import Actor, AppendRequest
from sec_ops.evidence.files import DiskFiles
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.log import LocalLog, open_locally
from sec_ops.evidence.reading import read_lines
from sec_ops.evidence.wire import connect, error_document, receive, send, short_path
from sec_ops.evidence.writer import Doors
from sec_ops.model.errors import SecOpsError, UsageError
from sec_ops.model.evidence import LowEntropy
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.process import run_program

__all__ = ["Service", "main"]

TICK_SECONDS = 15
SOCKET_MODE = 0o660
FOLDER_MODE = 0o711
_CREDENTIALS = struct.Struct("3i")


class Service(socketserver.ThreadingUnixStreamServer):
    """Listens on the folder's socket; a thread a connection, all sharing one group commit."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, layout: Layout, log: LocalLog, files: DiskFiles) -> None:
        if connect(layout.socket):
            raise UsageError(message("an evidence service answers on {path} already", path=layout.socket))
        layout.socket.unlink(missing_ok=True)
        self.log = log
        self.layout = layout
        self.files = files
        self._ended = threading.Event()
        with short_path(layout.socket) as address:
            super().__init__(address, _Conversation)
        layout.socket.chmod(SOCKET_MODE)
        # Others may pass through the folder to the socket; everything else in it is for its owner only.
        layout.root.chmod(FOLDER_MODE)

    def run(self) -> None:
        """Serve until `stop`; then make a last checkpoint."""
        ticker = threading.Thread(target=self._tick, daemon=True)
        ticker.start()
        try:
            self.serve_forever(poll_interval=0.2)
        finally:
            self._ended.set()
            self.server_close()
            self.layout.socket.unlink(missing_ok=True)
            self.log.checkpoint()

    def stop(self) -> None:
        """End `run`, from another thread."""
        threading.Thread(target=self.shutdown, daemon=True).start()

    def _tick(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            # The next checkpoint, or the next caller, meets the same trouble and tells somebody.
            with suppress(SecOpsError):
                self.log.checkpoint_if_due()


class _Conversation(socketserver.BaseRequestHandler):
    """One caller."""

    server: Service
    request: socket.socket

    def handle(self) -> None:
        """Answer frames until the caller hangs up or stops making sense."""
        actor = _peer_actor(self.request)
        with suppress(OSError, ValueError, KeyError, TypeError):
            while frame := receive(self.request):
                try:
                    header, blobs = self._answer(actor, *frame)
                except SecOpsError as error:
                    header, blobs = {"error": error_document(error)}, []
                send(self.request, header, blobs)

    def _answer(
        self, actor: Actor, header: Mapping[str, Any], blobs: Sequence[bytes]
    ) -> tuple[dict[str, Any], Sequence[bytes]]:
        server, operation = self.server, header["operation"]
        if operation == "append":
            return {"numbers": server.log.append_as(actor, _requests(header["items"], blobs))}, []
        if operation == "checkpoint":
            return {"size": server.log.checkpoint()}, []
        if operation == "sign":
            return {}, [server.log.sign(str(header["type"]), blobs[0])]
        if operation == "read_blob":
            return {}, [server.log.read_blob(str(header["sha256"]))]
        if operation == "entries":
            first = max(0, int(header["first"]))
            end = min(int(header["last"]) + 1, first + PAGE)
            return {}, list(read_lines(server.layout, server.files, first, end))
        raise UsageError(message("the evidence service knows no operation {name}", name=operation))


def main(arguments: Sequence[str]) -> int:
    """Serve the folder that is named; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m sec_ops.evidence.service FOLDER\n")
        return 2
    folder, files = Path(arguments[0]).resolve(), DiskFiles()
    doors = Doors(files=files, clock=SystemClock(), randomness=secrets.token_bytes, run_program=run_program)
    try:
        with Service(Layout(folder), open_locally(folder, doors), files) as service:
            signal.signal(signal.SIGTERM, lambda _number, _frame: service.stop())
            signal.signal(signal.SIGINT, lambda _number, _frame: service.stop())
            sys.stderr.write(f"listening on {folder}/service.socket\n")
            service.run()
    except SecOpsError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.outcome)
    return 0


def _requests(items: Sequence[Mapping[str, Any]], blobs: Sequence[bytes]) -> list[AppendRequest]:
    waiting = iter(blobs)
    return [
        AppendRequest(
            kind=str(item["kind"]),
            data=item["data"],
            blob=None if item["blob"] is None else _kinds_of_bytes[item["blob"]](next(waiting)),
            media_type=str(item["media_type"]),
            system=str(item["system"]),
            case=str(item["case"]),
        )
        for item in items
    ]


_kinds_of_bytes: Mapping[str, type[bytes]] = {"plain": bytes, "low_entropy": LowEntropy}


def _peer_actor(peer: socket.socket) -> Actor:
    _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    return Actor(name=name, writer="service")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
