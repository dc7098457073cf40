"""What lies in a file, whatever it is wrapped in: a walk through compression and archives down to logs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sec_ops.model.messages import Message, message
from sec_ops.runtime.archives.compression import Decompressed, compression_of
from sec_ops.runtime.archives.readers import Budget, Damaged, Head, Reader, Refused, Unwanted, spooled
from sec_ops.runtime.archives.tars import is_tar, tar_members
from sec_ops.runtime.archives.zips import zip_members
from sec_ops.siem.importing.sniffing import no_log
from sec_ops.siem.importing.windows import is_event_log

__all__ = ["INSIDE", "Leaf", "Loss", "Unread", "unwrap"]

INSIDE = "!/"
"""Stands between an archive's name and its member's."""
_HEAD_BYTES = 64 * 1024
_DEPTH_BOUND = 8
_NAME_BOUND = 4_096
_NOT_LOGS = {"[Content_Types].xml", "META-INF/MANIFEST.MF"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A log: its name through all archives, when it was changed (UTC), and what it says.

    Its reader is good until the next one is asked for.
    """

    name: str
    modified_ms: int | None
    reader: Reader
    head: bytes

    @property
    def is_event_log(self) -> bool:
        """Return whether it is an EVTX file."""
        return is_event_log(self.head)


class Loss(StrEnum):
    """What leaving something out means."""

    NONE = "none"
    SKIPPED = "skipped"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not taken, wholly or from some point on, and why."""

    name: str
    reason: Message
    loss: Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapped:
    name: str
    modified_ms: int | None
    reader: Reader
    budget: Budget
    depth: int = 0


def unwrap(name: str, modified_ms: int | None, reader: Reader, budget: Budget) -> Iterator[Leaf | Unread]:
    """Yield the logs in a stream, and what in it is none or can't be read."""
    yield from _walk(_Wrapped(name=name, modified_ms=modified_ms, reader=reader, budget=budget))


def _walk(wrapped: _Wrapped) -> Iterator[Leaf | Unread]:
    try:
        yield from _opened(wrapped)
    except Damaged as error:
        yield Unread(wrapped.name, error.reason, Loss.INCOMPLETE)
    except Unwanted as error:
        yield Unread(wrapped.name, error.reason, Loss.NONE)
    except Refused as error:
        yield Unread(wrapped.name, error.reason, Loss.SKIPPED)


def _opened(wrapped: _Wrapped) -> Iterator[Leaf | Unread]:
    if wrapped.depth > _DEPTH_BOUND:
        raise Refused(message("it is wrapped more than {bound} times", bound=_DEPTH_BOUND))
    source = Head(wrapped.reader, _HEAD_BYTES)
    head = source.head
    kind = compression_of(head)
    if kind:
        inner = Decompressed(source, kind, wrapped.budget)
        yield from _opened(replace(wrapped, reader=inner, depth=wrapped.depth + 1))
    elif head.startswith((b"PK\3\4", b"PK\5\6")):
        yield from _zipped(wrapped, source)
    elif is_tar(head):
        for member in tar_members(source):
            yield from _walk(_inside(wrapped, member.name, member.modified_ms, member.reader))
    else:
        source.skip_nuls()
        reason = no_log(source.head)
        if reason:
            raise Unwanted(reason)
        yield Leaf(name=wrapped.name, modified_ms=wrapped.modified_ms, reader=source, head=source.head)


def _zipped(wrapped: _Wrapped, source: Reader) -> Iterator[Leaf | Unread]:
    with spooled(source) as file:
        members = zip_members(file, wrapped.budget)
        if any(member.name in _NOT_LOGS for member in members[:20]):
            raise Unwanted(message("an office document or a program, no logs"))
        for member in members:
            inner = _inside(wrapped, member.name, member.modified_ms, member.reader or source)
            if member.reason:
                yield Unread(inner.name, member.reason, Loss.SKIPPED)
            else:
                yield from _walk(inner)


def _inside(wrapped: _Wrapped, name: str, modified_ms: int | None, reader: Reader) -> _Wrapped:
    shown = f"{wrapped.name}{INSIDE}{name.lstrip('/')}"[:_NAME_BOUND]
    return _Wrapped(name=shown, modified_ms=modified_ms, reader=reader, budget=wrapped.budget, depth=wrapped.depth + 1)
