"""Gathering facts: replies of hosts, or packs brought on a stick, sealed as they come; one record for each host."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

from sec_ops.compliance.frames import ReadPack, read_header, read_pack
from sec_ops.evidence.log import AppendRequest, EvidenceLog
from sec_ops.model.check import Probe
from sec_ops.model.errors import SecOpsError
from sec_ops.model.evidence import AuditFacts
from sec_ops.model.fact import Provenance
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Clock
from sec_ops.model.values import Value
from sec_ops.runtime.clock import utc_text
from sec_ops.transport.values import Privilege, Reply, Target

__all__ = ["Gathered", "Gathering", "HostRecord", "PackFile", "Progress", "gather_packs", "gather_replies"]

BATCH = 32
_LAST_EPOCH = int(datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp())
MEDIA_TYPE = "application/vnd.sec-ops.facts"


class HostRecord(Value):
    """What an audit knows of a host before judging: where its facts are, or why there are none."""

    name: str
    address: str = ""
    state: Literal["collected", "incomplete", "failed"]
    error: str | None = None
    reason: Message | None = None
    elapsed_ms: int = 0
    clock_offset_ms: int | None = None
    privilege: str = ""
    provenance: Provenance
    collected_at: str = ""
    nonce: str = ""
    blob: str | None = None


class Progress(Protocol):
    """Told after each host."""

    def __call__(self, record: HostRecord) -> None:
        """Show that a host is done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFile:
    """A fact pack brought to us."""

    name: str
    data: bytes
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All hosts of an audit, in the order they were asked for."""

    records: tuple[HostRecord, ...]
    interrupted: bool = False


@dataclass(slots=True, kw_only=True)
class Gathering:
    """Seals what comes in batches, so that an audit cut short keeps what it had."""

    log: EvidenceLog
    run: str
    probes: Mapping[str, Probe]
    clock: Clock
    nonce: str
    progress: Progress
    records: list[HostRecord] = field(default_factory=list)
    _waiting: list[tuple[HostRecord, AppendRequest]] = field(default_factory=list)

    def take_reply(self, reply: Reply) -> None:
        """Take in what a host sent."""
        # A pinned collector is on the host already and takes no arguments: nobody could tell it this run's nonce.
        nonce = "" if reply.privilege is Privilege.PINNED else self.nonce
        read = self._read(reply.target.name, reply.output, Provenance.COLLECTED, nonce, reply.clock_offset_ms)
        record = HostRecord(
            name=reply.target.name,
            address=reply.target.address,
            state=_state(read, reply.error),
            error=reply.error.name if reply.error else None,
            reason=_reason(read, reply.error),
            elapsed_ms=reply.elapsed_ms,
            clock_offset_ms=reply.clock_offset_ms,
            privilege=reply.privilege.value,
            provenance=Provenance.COLLECTED,
            collected_at=read.pack.collected_at,
            nonce=nonce,
            blob=_digest(reply.output),
        )
        self._add(record, read, reply.output)

    def take_pack(self, file: PackFile) -> None:
        """Take in a fact pack that was brought."""
        read = self._read(file.name, file.data, file.provenance, "", None)
        record = HostRecord(
            name=file.name,
            state=_state(read, None),
            reason=_reason(read, None),
            provenance=file.provenance,
            collected_at=read.pack.collected_at,
            blob=_digest(file.data),
        )
        self._add(record, read, file.data)

    def seal(self) -> None:
        """Seal what waits, with one sync; raises StorageError."""
        waiting, self._waiting = self._waiting, []
        self.log.append_many([request for _, request in waiting])
        for record, _ in waiting:
            self.records.append(record)
            self.progress(record)

    def _read(self, host: str, data: bytes, provenance: Provenance, nonce: str, offset: int | None) -> ReadPack:
        header = read_header(data, nonce=nonce)
        moment = self.clock.now() if provenance is Provenance.COLLECTED or not header else _moment(header.epoch)
        return read_pack(
            data,
            self.probes,
            host=host,
            collected_at=utc_text(moment),
            provenance=provenance,
            clock_offset_ms=offset,
            nonce=nonce,
        )

    def _add(self, record: HostRecord, read: ReadPack, data: bytes) -> None:
        entry = AuditFacts(
            run=self.run,
            host=record.name,
            state=record.state,
            provenance=record.provenance,
            collected_at=record.collected_at,
            collector_sha256=read.pack.collector_sha256,
            complete=read.pack.complete,
            clock_offset_ms=record.clock_offset_ms,
            elapsed_ms=record.elapsed_ms,
            privilege=record.privilege,
            error=record.error or "",
        )
        blob = data if record.blob else None
        request = AppendRequest(
            kind=AuditFacts.kind, data=entry.model_dump(mode="json"), blob=blob, media_type=MEDIA_TYPE
        )
        self._waiting.append((record, request))
        if len(self._waiting) >= BATCH:
            self.seal()


def gather_replies(gathering: Gathering, targets: Sequence[Target], replies: Iterator[Reply]) -> Gathered:
    """Return one record for each target; after Ctrl-C, those that had not answered are failed, `interrupted`.

    Raises StorageError when our own disk is full; what was sealed before stays sealed.
    """
    interrupted = False
    try:
        for reply in replies:
            gathering.take_reply(reply)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        close = getattr(replies, "close", None)  # a generator ends its connections when it is closed
        if close:
            close()
    gathering.seal()
    known = {record.name: record for record in gathering.records}
    records = tuple(known.get(target.name) or _interrupted(target) for target in targets)
    return Gathered(records=records, interrupted=interrupted)


def gather_packs(gathering: Gathering, files: Iterable[PackFile]) -> Gathered:
    """Return one record for each fact pack that was brought; raises StorageError."""
    for file in files:
        gathering.take_pack(file)
    gathering.seal()
    return Gathered(records=tuple(gathering.records))


def _interrupted(target: Target) -> HostRecord:
    return HostRecord(
        name=target.name,
        address=target.address,
        state="failed",
        error="interrupted",
        reason=message("the audit was interrupted before this host had answered"),
        privilege=target.privilege.value,
        provenance=Provenance.COLLECTED,
    )


def _state(read: ReadPack, error: SecOpsError | None) -> Literal["collected", "incomplete", "failed"]:
    if read.header is None:
        return "failed"
    return "incomplete" if error or not read.pack.complete else "collected"


def _reason(read: ReadPack, error: SecOpsError | None) -> Message | None:
    if error is None:
        return next(iter(read.faults), None)
    if error.advice is None:
        return error.what
    return message("{what}; next: {advice}", what=error.what, advice=error.advice)


def _moment(epoch: int) -> datetime:
    """Return the time a host's clock showed; the last one there is when the host claims one beyond all calendars."""
    return datetime.fromtimestamp(min(epoch, _LAST_EPOCH), UTC)


def _digest(data: bytes) -> str | None:
    return hashlib.sha256(data).hexdigest() if data else None
