"""`Restic`: one repository and all that is asked of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sec_ops.backup.restic.asking import (
    Last,
    OnEvent,
    backup_call,
    documents,
    limits,
    nothing,
    plain,
    reading_options,
)
from sec_ops.backup.restic.calling import Call, Doors, Spoken, call
from sec_ops.backup.restic.copying import copied, from_options, told
from sec_ops.backup.restic.events import (
    BackupSummary,
    Change,
    CheckSummary,
    DiffSummary,
    Event,
    Node,
    RestoreSummary,
    Said,
)
from sec_ops.backup.restic.judging import Verb
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.requests import (
    BackupRequest,
    CopyRequest,
    ForgetRequest,
    Mode,
    NewKey,
    ReadData,
    RestoreRequest,
)
from sec_ops.backup.restic.results import (
    BackupResult,
    CheckResult,
    Configuration,
    CopyResult,
    DiffResult,
    KeyAdded,
    KeyList,
    LockList,
    RestoreResult,
    Result,
    SizeResult,
    SnapshotList,
    read_key,
    read_lock,
    read_snapshot,
)
from sec_ops.backup.restic.second_look import looked_at_backup, looked_at_check, looked_at_restore
from sec_ops.backup.verdict import Judged
from sec_ops.transport.streaming import Handed

__all__ = ["Restic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restic:
    """One repository through the restic door.

    Every method returns a result with its verdict and raises only when restic itself can't be started (ProgramMissing,
    ProgramFailed). `lock_wait_seconds` is how long a locked repository is waited for; `take_locks` of False reads
    without a lock, for repositories that must not be written.
    """

    repository: OpenRepository
    doors: Doors
    lock_wait_seconds: int = 0
    take_locks: bool = True
    _known: dict[str, SnapshotList] = field(default_factory=dict, repr=False, init=False, compare=False)

    def init(self, *, chunker_of: OpenRepository | None = None) -> Result:
        """Make the repository, with the chunker of another one so that copies between the two share their data."""
        others = [chunker_of] if chunker_of else []
        words = ["--copy-chunker-params", *from_options(chunker_of)] if chunker_of else []
        return plain(self._call(Call(verb=Verb.INIT, others=others, arguments=words)))

    def backup(self, request: BackupRequest, *, on_event: OnEvent = nothing) -> BackupResult:
        """Save; a stream's empty or broken output is a failure, a source that was left out makes it partial."""
        heard = Last(on_event)
        self._known.clear()
        spoken = self._call(backup_call(request, self.repository.deadline_seconds, heard))
        summary = heard.last(BackupSummary)
        judged = looked_at_backup(spoken.judged, summary, request, self.repository.id)
        return BackupResult(judged=judged, elapsed_ms=spoken.elapsed_ms, said=spoken.said, summary=summary)

    def snapshots(self) -> SnapshotList:
        """Return all snapshots; asked of the repository once, until something of this object changed it."""
        if "all" not in self._known:
            spoken = self._call(Call(verb=Verb.SNAPSHOTS))
            read = documents(spoken, lambda all_: tuple(read_snapshot(each) for each in all_ or ()))
            listed = SnapshotList(
                judged=read[0], elapsed_ms=spoken.elapsed_ms, said=spoken.said, snapshots=read[1] or ()
            )
            if not listed.judged.good:
                return listed
            self._known["all"] = listed
        return self._known["all"]

    def check(self, reading: ReadData | None = None, *, on_event: OnEvent = nothing) -> CheckResult:
        """Check the structure, and read what `reading` says: without it bit rot stays unseen."""
        heard = Last(on_event)
        spoken = self._call(self._long(Verb.CHECK, reading_options(reading), heard))
        summary = heard.last(CheckSummary)
        judged = looked_at_check(spoken.judged, summary, self.repository.id)
        return CheckResult(judged=judged, elapsed_ms=spoken.elapsed_ms, said=spoken.said, summary=summary)

    def restore(self, request: RestoreRequest, *, on_event: OnEvent = nothing) -> RestoreResult:
        """Restore; one that wrote nothing is a failure."""
        heard = Last(on_event)
        includes = [word for each in request.includes for word in ("--include", each)]
        point = f"{request.snapshot}:{request.folder}" if request.folder else request.snapshot
        told = ["--verbose=2"] if request.tell_files else []
        words = ["--target", str(request.target), *includes, *told, *request.options, "--", point]
        spoken = self._call(self._long(Verb.RESTORE, words, heard))
        summary = heard.last(RestoreSummary)
        judged = looked_at_restore(spoken.judged, summary, self.repository.id)
        return RestoreResult(judged=judged, elapsed_ms=spoken.elapsed_ms, said=spoken.said, summary=summary)

    def copy_from(self, source: OpenRepository, request: CopyRequest) -> CopyResult:
        """Copy snapshots of `source` into this repository; what a broken copy already brought is not sent again."""
        self._known.clear()
        lines: list[str] = []
        asked = Call(
            verb=Verb.COPY,
            others=[source],
            arguments=[*from_options(source), *limits(request), "--", *request.snapshots],
            deadline_seconds=self.repository.deadline_seconds,
            on_event=lambda event: lines.append(event.text) if isinstance(event, Said) and told(event.text) else None,
        )
        spoken = self._call(asked)
        pairs, skipped = copied(lines)
        return CopyResult(
            judged=spoken.judged, elapsed_ms=spoken.elapsed_ms, said=spoken.said, copied=pairs, skipped=skipped
        )

    def forget(self, request: ForgetRequest) -> Result:
        """Drop snapshots by their ids; their data stays until `prune`."""
        self._known.clear()
        return plain(self._call(Call(verb=Verb.FORGET, arguments=["--", *request.snapshots])))

    def prune(self, options: Sequence[str] = ()) -> Result:
        """Remove data no snapshot needs."""
        return plain(self._call(self._long(Verb.PRUNE, options, nothing)))

    def tag(self, snapshot: str, added: str) -> Result:
        """Add a tag to a snapshot, which gets another id by it."""
        self._known.clear()
        return plain(self._call(Call(verb=Verb.TAG, arguments=["--add", added, "--", snapshot])))

    def keys(self) -> KeyList:
        """Return the keys that open the repository."""
        spoken = self._call(Call(verb=Verb.KEY, arguments=["list"]))
        judged, found = documents(spoken, lambda all_: tuple(read_key(each) for each in all_ or ()))
        return KeyList(judged=judged, elapsed_ms=spoken.elapsed_ms, said=spoken.said, keys=found or ())

    def add_key(self, key: NewKey) -> KeyAdded:
        """Add a key; the one this repository was opened with stays."""
        words: list[str | Handed] = [
            "add",
            "--user",
            key.user,
            "--host",
            key.host,
            "--new-password-file",
            Handed(key.password),
        ]
        spoken = self._call(Call(verb=Verb.KEY, arguments=words))
        identifier = spoken.document.decode(errors="replace").strip().rpartition(" ")[2]
        return KeyAdded(judged=spoken.judged, elapsed_ms=spoken.elapsed_ms, said=spoken.said, id=identifier)

    def remove_key(self, identifier: str) -> Result:
        """Remove a key, which can't be the one the repository was opened with."""
        return plain(self._call(Call(verb=Verb.KEY, arguments=["remove", "--", identifier])))

    def ls(self, snapshot: str, *, on_node: Callable[[Node], None], folder: str = "") -> Result:
        """Hand over each entry of a snapshot, or of a folder of it and all below."""

        def hear(event: Event) -> None:
            if isinstance(event, Node):
                on_node(event)

        return plain(self._call(self._long(Verb.LS, ["--", snapshot, *([folder] if folder else [])], hear)))

    def dump(self, snapshot: str, path: str, *, on_bytes: Callable[[bytes], object]) -> Result:
        """Hand over the bytes of one file of a snapshot."""
        deadline = self.repository.deadline_seconds
        return plain(
            self._call(
                Call(verb=Verb.DUMP, arguments=["--", snapshot, path], deadline_seconds=deadline, on_bytes=on_bytes)
            )
        )

    def unlock(self) -> Result:
        """Remove locks whose process is proved dead: on this host, or older than restic's own limit of 30 minutes."""
        return plain(self._call(Call(verb=Verb.UNLOCK)))

    def remove_all_locks(self) -> Result:
        """Remove every lock; only after their owners were proved dead."""
        return plain(self._call(Call(verb=Verb.UNLOCK, arguments=["--remove-all"])))

    def locks(self) -> LockList:
        """Return who holds the repository; a lock that went away meanwhile is left out."""
        listed = self._call(Call(verb=Verb.LIST, arguments=["locks", "--no-lock"]))
        found = []
        for identifier in listed.document.decode(errors="replace").split():
            spoken = self._call(Call(verb=Verb.CAT, arguments=["lock", "--no-lock", "--", identifier]))
            if spoken.judged.good:
                found.append(read_lock(identifier, spoken.document))
        return LockList(judged=listed.judged, elapsed_ms=listed.elapsed_ms, said=listed.said, locks=tuple(found))

    def stats(self, mode: Mode, snapshots: Sequence[str] = ()) -> SizeResult:
        """Return what snapshots (all unless named) hold."""
        spoken = self._call(self._long(Verb.STATS, ["--mode", mode.value, "--", *snapshots], None))
        judged, told = documents(spoken, dict[str, Any])
        told = told or {}
        return SizeResult(
            judged=judged,
            elapsed_ms=spoken.elapsed_ms,
            bytes=int(told.get("total_size", 0)),
            files=int(told.get("total_file_count", 0)),
            snapshots=int(told.get("snapshots_count", 0)),
        )

    def diff(self, first: str, second: str, *, on_change: Callable[[Change], None] | None = None) -> DiffResult:
        """Compare two snapshots; each difference goes to `on_change`, or stands in the result without one."""
        changes: list[Change] = []
        take = on_change or changes.append
        heard = Last(lambda event: take(event) if isinstance(event, Change) else None)
        spoken = self._call(self._long(Verb.DIFF, ["--", first, second], heard))
        return DiffResult(
            judged=spoken.judged,
            elapsed_ms=spoken.elapsed_ms,
            changes=tuple(changes),
            summary=heard.last(DiffSummary),
        )

    def cat_config(self) -> Configuration:
        """Return the repository's identity; the cheapest proof that a key opens it."""
        spoken = self._call(Call(verb=Verb.CAT, arguments=["config", "--no-lock"]))
        judged, told = documents(spoken, dict[str, Any])
        told = told or {}
        return Configuration(
            judged=judged,
            elapsed_ms=spoken.elapsed_ms,
            repository_id=str(told.get("id", "")),
            version=int(told.get("version", 0)),
            chunker_polynomial=str(told.get("chunker_polynomial", "")),
        )

    def cat(self, *what: str) -> tuple[Judged, Any]:
        """Return the verdict and a document of the repository: `("index", ID)`, `("tree", "SNAPSHOT:/folder")`."""
        return documents(self._call(Call(verb=Verb.CAT, arguments=["--no-lock", *what])), lambda read: read)

    def list_ids(self, kind: str) -> tuple[Judged, tuple[str, ...]]:
        """Return the verdict and the ids of all files of a kind, such as `index`."""
        spoken = self._call(Call(verb=Verb.LIST, arguments=["--no-lock", kind]))
        return spoken.judged, tuple(spoken.document.decode(errors="replace").split())

    def _long(self, verb: Verb, arguments: Sequence[str], on_event: OnEvent | None) -> Call:
        """Return a call that may take as long as the repository's deadline."""
        deadline = self.repository.deadline_seconds
        return Call(verb=verb, arguments=arguments, deadline_seconds=deadline, on_event=on_event)

    def _call(self, asked: Call) -> Spoken:
        options = [] if self.take_locks else ["--no-lock"]
        if self.lock_wait_seconds:
            options += ["--retry-lock", f"{self.lock_wait_seconds}s"]
        return call(self.repository, self.doors, replace(asked, options=options))
