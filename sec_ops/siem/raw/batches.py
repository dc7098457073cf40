r"""The bytes of a batch: one line of JSON that says what it is, the records' bytes, and the hash that chains it.

    {"bytes":..,"count":..,"origin":{..},"received_ms":..,"sequence":..}\n  records  SHA-256

The hash is SHA-256(hash of the batch before ‖ line ‖ records); each batch ends in its own, so that the last one of a
file is checked too. Records without a line feed stand with one between them; otherwise `lengths` says where each ends.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sec_ops.siem.records import Origin, RawBatch, Transport

__all__ = ["DIGEST_BYTES", "FIRST_PREVIOUS", "Decoder", "Stored", "TornBatch", "encode", "origin_document", "origin_of"]

DIGEST_BYTES = 32
FIRST_PREVIOUS = bytes(DIGEST_BYTES)
"""What the first batch of a stream is chained to."""
_LINE_BYTES_BOUND = 64 * 1024 * 1024
_ORIGIN_TEXTS = tuple(each.name for each in fields(Origin) if each.name not in {"transport", "reference_ms"})


class TornBatch(ValueError):
    """Bytes that are no batch, or not the one that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A batch as it stands in the log; `digest` is the chain's head after it.

    `order` says which of a source's positions in several streams is the last; 0 when the batch has no position.
    """

    sequence: int
    order: int
    batch: RawBatch
    digest: bytes


def encode(batch: RawBatch, *, sequence: int, order: int, previous: bytes) -> tuple[list[bytes], bytes]:
    """Return the parts of a batch as they are written, and the chain's head after it; raises TypeError, ValueError."""
    body = b"\n".join(batch.records)
    header: dict[str, Any] = {
        "sequence": sequence,
        "received_ms": batch.received_ms,
        "origin": origin_document(batch.origin),
        "count": len(batch.records),
    }
    if batch.records and body.count(b"\n") != len(batch.records) - 1:
        body = b"".join(batch.records)
        header["lengths"] = [len(record) for record in batch.records]
    header["bytes"] = len(body)
    if any(batch.ids):
        header["ids"] = list(batch.ids)
    if batch.position is not None:
        header |= {"position": dict(batch.position), "order": order}
    # Not canonical_json: names of files may hold bytes that are no UTF-8, which only escapes can carry.
    line = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    digest = _chained(previous, line, body)
    return [line, body, digest], digest


class Decoder:
    """Makes batches of bytes as they come; `previous` and `sequence` are of the batch before the first."""

    def __init__(self, *, previous: bytes, sequence: int) -> None:
        self.head = previous
        self.sequence = sequence
        self._buffer = bytearray()
        self._searched = 0
        self._header: tuple[bytes, Mapping[str, Any]] | None = None

    @property
    def leftover(self) -> int:
        """Return how many bytes have come that make no whole batch yet."""
        return len(self._buffer) + (len(self._header[0]) if self._header else 0)

    def feed(self, data: bytes) -> Iterator[Stored]:
        """Yield the batches that are whole now; raises TornBatch for bytes that can't be one."""
        self._buffer += data
        while True:
            if self._header is None:
                self._header = self._line()
                if self._header is None:
                    return
            line, header = self._header
            size = header["bytes"]
            if len(self._buffer) < size + DIGEST_BYTES:
                return
            stored = self._whole(line, header, bytes(self._buffer[: size + DIGEST_BYTES]))
            del self._buffer[: size + DIGEST_BYTES]
            self._header, self._searched = None, 0
            self.head, self.sequence = stored.digest, stored.sequence
            yield stored

    def _line(self) -> tuple[bytes, Mapping[str, Any]] | None:
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if self._searched > _LINE_BYTES_BOUND:
                raise TornBatch("a line without end")
            return None
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        try:
            header = json.loads(line)
            if header["sequence"] != self.sequence + 1 or not int(header["bytes"]) >= 0:
                raise TornBatch("not the batch that follows")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise TornBatch(f"no batch begins here: {error}") from error
        return line, header

    def _whole(self, line: bytes, header: Mapping[str, Any], rest: bytes) -> Stored:
        body, digest = rest[:-DIGEST_BYTES], rest[-DIGEST_BYTES:]
        if _chained(self.head, line, body) != digest:
            raise TornBatch("the hash is another")
        return Stored(
            sequence=header["sequence"], order=header.get("order", 0), batch=_batch_of(header, body), digest=digest
        )


def _chained(previous: bytes, line: bytes, body: bytes) -> bytes:
    digest = hashlib.sha256(previous)
    digest.update(line)
    digest.update(body)
    return digest.digest()


def origin_document(origin: Origin) -> dict[str, Any]:
    """Return what is known of an origin, as JSON has it."""
    known = {name: getattr(origin, name) for name in _ORIGIN_TEXTS if getattr(origin, name)}
    if origin.reference_ms is not None:
        known["reference_ms"] = origin.reference_ms
    return {**known, "source": origin.source, "transport": origin.transport.value}


def origin_of(document: Mapping[str, Any]) -> Origin:
    """Return the origin of a document; raises KeyError, TypeError, ValueError for another format."""
    return Origin(**{**document, "transport": Transport(document["transport"])})


def _batch_of(header: Mapping[str, Any], body: bytes) -> RawBatch:
    try:
        return RawBatch(
            origin=origin_of(header["origin"]),
            received_ms=header["received_ms"],
            records=tuple(_records(header, body)),
            ids=tuple(header.get("ids", ())),
            position=header.get("position"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TornBatch(f"a batch of another format: {error}") from error


def _records(header: Mapping[str, Any], body: bytes) -> list[bytes]:
    lengths = header.get("lengths")
    if lengths is None:
        return body.split(b"\n") if header["count"] else []
    records, start = [], 0
    for length in lengths:
        records.append(body[start : start + length])
        start += length
    return records
