"""Raw records: what a source handed over, before anybody understood it.

A door (import, pull, listener) makes `RawBatch`es. The raw log gives each its `Place` when it is on disk, and
everything later (events, their columns, alerts) is derived from there and can be derived again (ADR 27).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Origin", "Place", "RawBatch", "Transport"]


class Transport(StrEnum):
    """How records came."""

    IMPORT = "import"
    PULL = "pull"
    JOURNAL = "journal"
    SYSLOG_UDP = "syslog_udp"
    SYSLOG_TCP = "syslog_tcp"
    SYSLOG_TLS = "syslog_tls"
    RELP = "relp"
    BULK = "bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where records come from, and what is known of them beforehand; empty text means unknown.

    `source` identifies one ordered series of records for good, such as `student-db-1:/var/log/auth.log`: positions,
    joining of lines and counts are kept by it. `reference_ms` (UTC) is what a time without a year is resolved against,
    such as the time of the imported file; without it, the time of receipt is.
    """

    source: str
    transport: Transport
    host: str = ""
    unit: str = ""
    peer: str = ""
    parser: str = ""
    dataset: str = ""
    path: str = ""
    encoding: str = ""
    zone: str = ""
    reference_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBatch:
    """Records of one origin that are kept, acknowledged and given a place together: all or none.

    A record is one line, datagram or document, without its line end. `position` says where the source goes on after
    these (byte offset, inode, cursor); it lies in the raw log beside the records, so that after a crash neither is
    ahead of the other. `ids`, one per record or none at all, are the sender's own: a record whose id (within the
    origin's dataset and unit) was taken before is not taken again.
    """

    origin: Origin
    received_ms: int
    records: tuple[bytes, ...]
    ids: tuple[str | None, ...] = ()
    position: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a batch lies in the raw log: the writer's stream and the batch's number in it, from 1 without gaps."""

    stream: str
    sequence: int

    def record(self, index: int) -> str:
        """Return the text that names one record of the batch for good."""
        return f"{self.stream}/{self.sequence}/{index}"
