"""Anchoring the raw log: digests of closed segments and chain heads of open ones go into the evidence log.

After that nobody can change, leave out or add a record of before without it showing (`verify`).
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from sec_ops.evidence.log import AppendRequest, EvidenceLog
from sec_ops.model.evidence import LogSegment
from sec_ops.runtime.files import storage_error
from sec_ops.siem.raw.facts import closed_segments, facts_of
from sec_ops.siem.raw.layout import segment_numbers, segment_path, stream_names
from sec_ops.siem.raw.segments import read_header
from sec_ops.siem.raw.state import State

__all__ = ["file_sha256", "seal_raw"]

_CHUNK = 1024 * 1024


def seal_raw(folder: Path, evidence: EvidenceLog) -> int:
    """Seal what is new in the raw log of `var/logs/`; return how many entries that took.

    Cheap when nothing is new: meant for the end of a command and for a job every few minutes. Raises StorageError,
    EvidenceBroken and what the evidence log raises.
    """
    state = State(folder / "state.db")
    try:
        if not state.has_sealed():
            _remember(evidence, state)
        sealed = list(_unsealed(folder / "raw", state))
        evidence.append_many(AppendRequest(kind=LogSegment.kind, data=each.model_dump(mode="json")) for each in sealed)
        state.keep_sealed([(each.stream, each.segment, each.last, each.closed) for each in sealed])
        return len(sealed)
    except OSError as error:
        raise storage_error(Path(error.filename or folder), error) from error
    finally:
        state.close()


def file_sha256(path: Path) -> str:
    """Return the digest of a file, hexadecimal; raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()


def _remember(evidence: EvidenceLog, state: State) -> None:
    known = [LogSegment.model_validate(each.data) for each in evidence.entries() if each.kind == LogSegment.kind]
    state.keep_sealed([(each.stream, each.segment, each.last, each.closed) for each in known])


def _unsealed(raw: Path, state: State) -> Iterator[LogSegment]:
    for name in stream_names(raw):
        for number in closed_segments(raw / name):
            sealed = state.sealed(name, number)
            if sealed is None or not sealed[1]:
                yield from _closed(raw / name, number, state)
        yield from _open(raw / name, state)


def _closed(stream: Path, number: int, state: State) -> Iterator[LogSegment]:
    facts = facts_of(stream, number, state)
    if facts:
        yield LogSegment(
            stream=facts.stream,
            segment=facts.segment,
            first=facts.first,
            last=facts.last,
            previous=facts.previous,
            head=facts.head,
            closed=True,
            records=facts.records,
            received_first_ms=facts.received_first_ms,
            received_last_ms=facts.received_last_ms,
            sha256=file_sha256(segment_path(stream, number)),
        )


def _open(stream: Path, state: State) -> Iterator[LogSegment]:
    # Before the segments are listed: what is known then can't lie in a segment that is begun later.
    known = state.stream(stream.name)
    numbers = segment_numbers(stream)
    if not numbers or not known.sequence:
        return
    header = read_header(segment_path(stream, numbers[-1]))
    sealed = state.sealed(stream.name, header.segment)
    if known.sequence >= header.first and (sealed is None or sealed[0] < known.sequence):
        yield LogSegment(
            stream=stream.name,
            segment=header.segment,
            first=header.first,
            last=known.sequence,
            previous=header.previous,
            head=known.head.hex(),
        )
