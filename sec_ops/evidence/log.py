"""The evidence log as the rest of the program uses it: `init_log` makes one, `open_evidence` opens it.

`open_evidence` speaks to the writer service when its socket answers; otherwise it writes in this process and says so
in each entry (`writer: in_process`).
"""

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from sec_ops import __version__
from sec_ops.evidence.anchor import write_anchor
from sec_ops.evidence.blobs import open_blob
from sec_ops.evidence.client import ServiceLog
from sec_ops.evidence.drafts import Actor, AppendRequest, make_draft
from sec_ops.evidence.files import DiskFiles, Files, told_as_storage_error
from sec_ops.evidence.group import GroupCommit
from sec_ops.evidence.keeping import first_ring
from sec_ops.evidence.keys import Anchor
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.notes import valid_origin
from sec_ops.evidence.reading import read_entries
from sec_ops.evidence.statements import sign_statement
from sec_ops.evidence.wire import connect
from sec_ops.evidence.writer import Doors, Writer
from sec_ops.model.errors import SecOpsError, UsageError
from sec_ops.model.evidence import WRITERS_OWN_KINDS, Entry, KeyCreated, SiteCreated
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Randomness, RunProgram
from sec_ops.runtime.files import storage_error

__all__ = ["AppendRequest", "EvidenceLog", "LocalLog", "init_log", "open_evidence", "open_locally", "os_user"]


class EvidenceLog(Protocol):
    """An open log; safe to share between threads. Every method may raise StorageError and EvidenceBroken."""

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
        """Seal one entry and return its sequence number once it is on disk; see `make_draft` for refusals."""
        ...

    def append_many(self, requests: Iterable[AppendRequest]) -> list[int]:
        """Seal entries that follow each other, with one sync, and return their sequence numbers."""
        ...

    def checkpoint(self) -> int:
        """Sign both trees as they stand and return their size; raises EngineError when a signer fails."""
        ...

    def sign(self, type_: str, payload: bytes) -> bytes:
        """Return a statement that travels without the log, signed by its keys; see `sec_ops.evidence.statements`."""
        ...

    def read_blob(self, sha256: str) -> bytes:
        """Return a blob's plain bytes, verified; raises UsageError when there is no such blob."""
        ...

    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]:
        """Return the entries from `first` to `last`, both included; without `last`, to the end."""
        ...


class LocalLog:
    """The in-process writer."""

    def __init__(self, layout: Layout, doors: Doors, actor: Actor) -> None:
        self._layout = layout
        self._doors = doors
        self._actor = actor
        self.writer = Writer(layout, doors, actor)
        self._group = GroupCommit(self.writer.commit)
        self._appended = False

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
        return self.append_as(self._actor, requests)

    def append_as(self, actor: Actor, requests: Iterable[AppendRequest]) -> list[int]:
        """Seal entries in the name of somebody whom the writer service has recognised."""
        items = list(requests)
        for item in items:
            if item.kind in WRITERS_OWN_KINDS:
                raise UsageError(message("entries of kind {kind} are the writer's own", kind=item.kind))
        drafts = [make_draft(each, actor, self._doors.randomness) for each in items]
        self._appended = True
        return self._group.submit(drafts)

    def checkpoint(self) -> int:
        """Sign both trees as they stand and return their size."""
        with self._group.turn:
            return self.writer.checkpoint()

    def checkpoint_if_due(self) -> None:
        """Make a checkpoint when the interval is over and there are new entries."""
        with self._group.turn:
            self.writer.checkpoint_if_due()

    def close(self) -> None:
        """Sign what this log has appended."""
        if self._appended:
            self.checkpoint()

    def sign(self, type_: str, payload: bytes) -> bytes:
        """Return a statement signed by the log's keys."""
        with told_as_storage_error(self._layout.root):
            doors = self._doors
            return sign_statement(self._layout, doors.files, doors.run_program, type_=type_, payload=payload)

    def read_blob(self, sha256: str) -> bytes:
        """Return a blob's plain bytes, verified."""
        with told_as_storage_error(self._layout.root):
            return open_blob(self._layout, self._doors.files, sha256).plain

    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]:
        """Return the entries from `first` to `last`, both included; without `last`, to the end."""
        with told_as_storage_error(self._layout.root):
            yield from read_entries(self._layout, self._doors.files, first, last)


def os_user() -> Actor:
    """Return the account this process runs under, as the in-process writer's actor."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = f"uid {os.geteuid()}"
    return Actor(name=name, writer="in_process")


def init_log(
    folder: Path,
    *,
    origin: str,
    clock: Clock,
    randomness: Randomness,
    run_program: RunProgram,
    files: Files | None = None,
) -> Anchor:
    """Make a log: keys, first entries, first checkpoint, paper anchor. Return the anchor.

    `origin` names the log in every checkpoint: ASCII letters, digits, `.`, `_`, `-`, `/`, such as
    `evidence.example.org/education-bureau`. Raises UsageError when there is a log already or the name can't be.
    """
    layout = Layout(folder)
    doors = Doors(files=files or DiskFiles(), clock=clock, randomness=randomness, run_program=run_program)
    _refuse(layout, doors.files, origin)
    try:
        for each in (layout.log, layout.checkpoints, layout.keys):
            doors.files.make_folder(each)
        ring = first_ring(layout, doors, origin)
        log = LocalLog(layout, doors, os_user())
        log.append(SiteCreated.kind, {"origin": origin, "tool": f"sec-ops {__version__}"})
        with log.writer.exclusively():
            log.writer.write_locked(
                AppendRequest(kind=KeyCreated.kind, data=key.model_dump(mode="json")) for key in ring.created
            )
        log.checkpoint()
        write_anchor(layout, doors.files, ring.anchor())
    except OSError as error:
        raise storage_error(folder, error) from error
    return ring.anchor()


@contextmanager
def open_evidence(
    folder: Path,
    *,
    clock: Clock,
    randomness: Randomness,
    run_program: RunProgram,
    files: Files | None = None,
) -> Iterator[EvidenceLog]:
    """Open a log for reading and appending; what was appended is signed at the end. Raises UsageError without a log."""
    doors = Doors(files=files or DiskFiles(), clock=clock, randomness=randomness, run_program=run_program)
    peer = connect(Layout(folder).socket) if folder.is_dir() else None
    log = ServiceLog(peer) if peer else open_locally(folder, doors)
    try:
        yield log
    except BaseException:
        # What went wrong in there is what the caller has to hear of.
        with suppress(SecOpsError):
            log.close()
        raise
    log.close()


def open_locally(folder: Path, doors: Doors) -> LocalLog:
    """Return the in-process log of a folder, whether or not a service runs; raises UsageError when there is none."""
    layout = Layout(folder)
    with told_as_storage_error(folder):
        exists = doors.files.size(layout.key_ring)
    if not exists:
        what = message("there is no evidence log in {folder}", folder=folder)
        raise UsageError(
            what,
            where=str(folder),
            advice=message("restore var/evidence from its backup; for a new site: sec-ops init DIR"),
        )
    return LocalLog(layout, doors, os_user())


def _refuse(layout: Layout, files: Files, origin: str) -> None:
    if not valid_origin(origin):
        what = message("{origin} can't name a log", origin=origin)
        raise UsageError(
            what, advice=message("use letters, digits and . _ - / only, such as evidence.example.org/city")
        )
    if files.names(layout.log) or files.size(layout.key_ring):
        what = message("there is an evidence log in {folder} already", folder=layout.root)
        raise UsageError(what, where=str(layout.root))
