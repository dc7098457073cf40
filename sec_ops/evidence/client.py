"""The log through the writer service: same methods, another process writes."""

import socket
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sec_ops.evidence.drafts import AppendRequest
from sec_ops.evidence.reading import parse_line
from sec_ops.evidence.wire import raise_error, receive, send
from sec_ops.model.errors import StorageError, UsageError
from sec_ops.model.evidence import Entry, LowEntropy
from sec_ops.model.messages import message

__all__ = ["PAGE", "ServiceLog"]

PAGE = 1_000


class ServiceLog:
    """An open connection to the writer service; safe to share between threads."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._turn = threading.Lock()

    def append(
        self,
        kind: str,
        data: Mapping[str, Any],
        *,
        blob: bytes | None = None,
        media_type: str = "application/octet-stream",
        system: str = "",
        case: str = "",
    ) -> int:
        """Seal one entry and return its sequence number once it is on disk."""
        request = AppendRequest(kind=kind, data=data, blob=blob, media_type=media_type, system=system, case=case)
        return self.append_many([request])[0]

    def append_many(self, requests: Iterable[AppendRequest]) -> list[int]:
        """Seal entries that follow each other, with one sync, and return their sequence numbers."""
        items = list(requests)
        header = {"operation": "append", "items": [_item(each) for each in items]}
        blobs = [bytes(each.blob) for each in items if each.blob is not None]
        return [int(number) for number in self._ask(header, blobs)[0]["numbers"]]

    def checkpoint(self) -> int:
        """Sign both trees as they stand and return their size."""
        return int(self._ask({"operation": "checkpoint"})[0]["size"])

    def sign(self, type_: str, payload: bytes) -> bytes:
        """Return a statement signed by the log's keys, which only the service holds."""
        return self._ask({"operation": "sign", "type": type_}, [payload])[1][0]

    def read_blob(self, sha256: str) -> bytes:
        """Return a blob's plain bytes, verified."""
        return self._ask({"operation": "read_blob", "sha256": sha256})[1][0]

    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]:
        """Return the entries from `first` to `last`, both included; without `last`, to the end."""
        while last is None or first <= last:
            until = first + PAGE - 1 if last is None else min(last, first + PAGE - 1)
            lines = self._ask({"operation": "entries", "first": first, "last": until})[1]
            yield from map(parse_line, lines)
            if len(lines) < until - first + 1:
                return
            first = until + 1

    def close(self) -> None:
        """Hang up."""
        self._peer.close()

    def _ask(self, header: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> tuple[dict[str, Any], list[bytes]]:
        try:
            with self._turn:
                send(self._peer, header, blobs)
                answer = receive(self._peer)
        except TypeError as error:
            raise UsageError(message("the entry has values that JSON does not know"), why=str(error)) from error
        except (OSError, ValueError) as error:
            raise _lost(str(error)) from error
        if answer is None:
            raise _lost("")
        if "error" in answer[0]:
            raise_error(answer[0]["error"])
        return answer


def _item(request: AppendRequest) -> dict[str, Any]:
    return {
        "kind": request.kind,
        "data": dict(request.data),
        "media_type": request.media_type,
        "system": request.system,
        "case": request.case,
        "blob": None if request.blob is None else "low_entropy" if isinstance(request.blob, LowEntropy) else "plain",
    }


def _lost(why: str) -> StorageError:
    what = message("the evidence service hung up; what it did not acknowledge may not be sealed")
    return StorageError(what, why=why, advice=message("start the service again, then the command"))
