"""The body of a request as it comes: bounded as sent, as unpacked, and in how far it unpacks."""

import zlib
from dataclasses import dataclass
from typing import Any

from sec_ops.model.log_listener import ListenerBounds

__all__ = ["Body", "Refusal"]

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_SMALL_BYTES = 1_048_576
_CODINGS = {b"": False, b"identity": False, b"gzip": True, b"x-gzip": True, b"deflate": True}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered with what it asks for: HTTP status, Elasticsearch's kind of error, reason."""

    status: int
    kind: str
    reason: str

    def document(self) -> dict[str, Any]:
        """Return the error as Elasticsearch writes it."""
        cause = {"type": self.kind, "reason": self.reason}
        return {"error": {"root_cause": [cause], **cause}, "status": self.status}


class Body:
    """Gathers a body; `content_coding` is the header's value, in lower case."""

    def __init__(self, bounds: ListenerBounds, content_coding: bytes) -> None:
        self._bounds = bounds
        self._parts: list[bytes] = []
        self.sent_bytes = 0
        self.plain_bytes = 0
        self.refusal: Refusal | None = None
        """Why nothing more is taken, None while all is well."""
        if content_coding not in _CODINGS:
            self._refuse(415, "content coding is not supported; send gzip, deflate or none")
        self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB) if _CODINGS.get(content_coding) else None

    def feed(self, data: bytes) -> None:
        """Take bytes of the body; past a bound they are forgotten and `refusal` says so."""
        if self.refusal:
            return
        self.sent_bytes += len(data)
        if self.sent_bytes > self._bounds.body_bytes:
            self._refuse(413, f"the body is larger than {self._bounds.body_bytes} bytes")
        elif self._unpacker:
            self._unpack(data)
        else:
            self._keep(data)

    def whole(self) -> bytes:
        """Return the plain body after its end; an unpacked one that broke off is refused."""
        if self._unpacker and not self._unpacker.eof and self.sent_bytes and not self.refusal:
            self._refuse(400, "the packed body is cut off")
        return b"".join(self._parts)

    def _unpack(self, data: bytes) -> None:
        assert self._unpacker is not None  # noqa: S101 - the caller looked
        try:
            while data and not self.refusal:
                room = self._room()
                self._keep(self._unpacker.decompress(data, room))
                data = self._unpacker.unconsumed_tail or self._next_member()
        except zlib.error as error:
            self._refuse(400, f"the packed body is damaged: {error}")

    def _next_member(self) -> bytes:
        """Return what follows the end of a gzip member: the next one (RFC 1952, section 2.2)."""
        assert self._unpacker is not None  # noqa: S101 - the caller looked
        rest = self._unpacker.unused_data
        if rest:
            self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        return rest

    def _room(self) -> int:
        """Return how many bytes may be unpacked now, one more than allowed so that a bomb shows."""
        by_ratio = max(_SMALL_BYTES, self.sent_bytes * self._bounds.unpack_ratio)
        return max(1, min(self._bounds.plain_bytes, by_ratio) - self.plain_bytes + 1)

    def _keep(self, data: bytes) -> None:
        self.plain_bytes += len(data)
        by_ratio = max(_SMALL_BYTES, self.sent_bytes * self._bounds.unpack_ratio)
        if self.plain_bytes > self._bounds.plain_bytes:
            self._refuse(413, f"the body is larger than {self._bounds.plain_bytes} bytes when unpacked")
        elif self._unpacker and self.plain_bytes > by_ratio:
            self._refuse(413, f"the body unpacks to more than {self._bounds.unpack_ratio} times its size")
        else:
            self._parts.append(data)

    def _refuse(self, status: int, reason: str) -> None:
        kinds = {413: "content_too_long_exception", 415: "media_type_header_exception"}
        self._parts.clear()
        self.refusal = Refusal(status, kinds.get(status, "parse_exception"), reason)
