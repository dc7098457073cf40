"""Faults of a rehearsal between a drill and its repositories: each in the drill's own copy or way, and undone."""

import itertools
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.location import Kind, Location, read_location
from sec_ops.backup.restic.packs import blob_of_largest_file
from sec_ops.backup.restic.target import target_of
from sec_ops.drill.injecting.clone import damaged_clone
from sec_ops.drill.injecting.small_disk import small_disk
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_scenario import Fault
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import Message, message
from sec_ops.model.text import bytes_text
from sec_ops.model.values import is_loopback
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.relay import BadLink, Relay, relay

__all__ = ["Injection", "cannot_inject", "injecting"]

_SLOW_BYTES_PER_SECOND = 2_000_000
_CUT_AFTER_BYTES = 1_000_000
_AWAY_SECONDS = 8.0
_ROOM_BYTES = 65_536
_LINK_FAULTS = frozenset({Fault.SLOW_LINK, Fault.LINK_CUT})


def cannot_inject(faults: Collection[Fault], first: Repository) -> Sequence[Message]:
    """Return why faults can't be rehearsed with the repository that a system is fetched from first."""
    kind = read_location(first.location).kind
    found = []
    if kind is Kind.LOCAL and _LINK_FAULTS & set(faults):
        found.append(message("{repository} is on a disk of this machine: no link could be bad", repository=first.id))
    if kind is not Kind.LOCAL and Fault.DAMAGED_PACK in faults:
        what = message(
            "{repository} is not on a disk of this machine, so it has no clone to damage", repository=first.id
        )
        found.append(what)
    return found


@contextmanager
def injecting(faults: Collection[Fault], folder: Path) -> Iterator["Injection"]:
    """Give what puts faults between a drill and its repositories; `folder` is the drill's own, for clones."""
    with ExitStack() as stack:
        yield Injection(faults=frozenset(faults), folder=folder, stack=stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """The faults of one drill; any of its threads may ask."""

    faults: frozenset[Fault]
    folder: Path
    stack: ExitStack
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _relays: dict[str, Relay] = field(default_factory=dict)
    _first: set[str] = field(default_factory=set)
    _wrong: list[str] = field(default_factory=list)
    _struck: list[Message] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def order(self, repositories: Sequence[str]) -> tuple[str, ...]:
        """Return a system's repositories in the order they are tried: the first twice when its key is wrong at first.

        Wrong keys and damage strike the first one only, so that there is a way on.
        """
        first = repositories[:1]
        with self._lock:
            self._first.update(first)
            if Fault.WRONG_KEY_FIRST not in self.faults:
                return tuple(repositories)
            self._wrong.extend(first)
        return (*first, *repositories)

    def opened(self, restic: Restic) -> Restic:
        """Return a repository as it is opened this time: by a bad link, with a wrong key the first time."""
        repository = restic.repository
        with self._lock:
            if repository.id in self._wrong:
                self._wrong.remove(repository.id)
                self._struck.append(
                    message("{repository} was opened with a wrong key at first", repository=repository.id)
                )
                return replace(restic, repository=replace(repository, password=Secret("not the key")))
            if self.faults & _LINK_FAULTS and repository.location.kind is not Kind.LOCAL:
                return replace(restic, repository=replace(repository, relay=self._relayed(restic).port))
        return restic

    def fetched(self, restic: Restic, snapshots: Sequence[str]) -> Restic:
        """Return a repository as these snapshots are fetched from it: the first one's clone, one pack damaged.

        Raises EngineError when nothing could be damaged, StorageError.
        """
        repository = restic.repository
        if Fault.DAMAGED_PACK not in self.faults or repository.id not in self._first:
            return restic
        blob = blob_of_largest_file(restic, snapshots)
        place = self.folder / f"clone-{next(self._numbers)}"
        damaged_clone(Path(repository.location.path), place, blob.pack, blob.offset + blob.length // 2)
        what = message(
            "a pack of {repository} was damaged, in which {path} lies", repository=repository.id, path=blob.path
        )
        with self._lock:
            self._struck.append(what)
        location = Location(text=str(place), kind=Kind.LOCAL, path=str(place))
        # What restic kept of the original in its cache would hide the damage.
        doors = replace(restic.doors, cache=make_folder(place.with_name(f"{place.name}.cache")))
        return replace(restic, repository=replace(repository, location=location), doors=doors)

    @contextmanager
    def room(self, folder: Path) -> Iterator[None]:
        """Let the folder that is fetched into be a disk that is nearly full; raises EngineError without root."""
        if Fault.DISK_NEARLY_FULL not in self.faults:
            yield
            return
        with small_disk(folder, size_bytes=_ROOM_BYTES):
            self._struck.append(message("the disk fetched to had {room} of room", room=bytes_text(_ROOM_BYTES)))
            yield

    def struck(self) -> tuple[Message, ...]:
        """Return what really happened, for the record: a fault that could not strike is told as well."""
        with self._lock:
            return (*self._struck, *(self._link(name, each) for name, each in self._relays.items()))

    def _link(self, name: str, opened: Relay) -> Message:
        moved = bytes_text(opened.moved_bytes)
        if Fault.LINK_CUT not in self.faults:
            return message("the link to {repository} was slow and carried {moved}", repository=name, moved=moved)
        if opened.cut:
            return message(
                "the link to {repository} was cut for {seconds} s", repository=name, seconds=f"{_AWAY_SECONDS:g}"
            )
        return message("the link to {repository} carried {moved}, too little to be cut", repository=name, moved=moved)

    def _relayed(self, restic: Restic) -> Relay:
        """Return the relay to a repository's server, opened when it is first asked for."""
        repository = restic.repository
        if repository.id not in self._relays:
            server = target_of(repository, restic.doors.run_program)
            if server is None:
                raise EngineError(
                    message(
                        "{repository} is reached by a jump host, so no link can be made bad", repository=repository.id
                    )
                )
            loopback = is_loopback(server.host) and server.host != "localhost" and server.protocol != "ssh"
            link = BadLink(
                bytes_per_second=_SLOW_BYTES_PER_SECOND if Fault.SLOW_LINK in self.faults else 0,
                cut_after_bytes=_CUT_AFTER_BYTES if Fault.LINK_CUT in self.faults else 0,
                away_seconds=_AWAY_SECONDS,
            )
            opened = relay(
                server.host,
                server.port,
                link,
                at=server.host if loopback else "127.0.0.1",
                proxy=server.protocol == "https" and not is_loopback(server.host),
            )
            self._relays[repository.id] = self.stack.enter_context(opened)
        return self._relays[repository.id]
