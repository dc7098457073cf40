"""Places of a run: sources with a host are reached there, all others as before."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sec_ops.backup.locks import clear_locks
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.opening import OpenRepository, open_repository
from sec_ops.backup.running.place import Place, Places, saver
from sec_ops.model.backup_plan import Repository, SourceSettings
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, SecretReader
from sec_ops.transport.values import Target

if TYPE_CHECKING:
    from sec_ops.backup.remote.there import There

__all__ = ["HostPlaces"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlaces:
    """`Places` that know hosts. `restic` is this machine's way into `repository`, `folder` the site's."""

    local: Places
    target_of: Callable[[str], Target]
    repository: Repository
    restic: Restic
    folder: Path
    read_secret: SecretReader
    clock: Clock

    def __call__(self, source: SourceSettings, /) -> AbstractContextManager[Place]:
        """Reach the machine of a source; raises TransportError, EngineError, ContentInvalid."""
        return self._reached(source.host) if source.host else self.local(source)

    @contextmanager
    def _reached(self, host: str) -> Iterator[Place]:
        from sec_ops.backup.remote.there import at_host

        repository = self._as_opened_by(host)
        with at_host(self.target_of(host), read_secret=self.read_secret, clock=self.clock) as there:
            restic = there.restic(repository)
            self._clear(there, restic)
            yield Place(host=host, doors=there.doors, save=saver(restic))

    def _as_opened_by(self, host: str) -> OpenRepository:
        own = self.repository.opened_by(host)
        if own is None:
            what = message("{repository} names no access for the host {name}", repository=self.repository.id, name=host)
            advice = message("give it credentials of its own under hosts in the repository's file")
            place = f"backup/repositories/{self.repository.id}.yml"
            raise ContentInvalid([Fault(file=place, line=0, path="hosts", message=what, advice=advice)])
        return open_repository(own, self.read_secret, folder=self.folder)

    def _clear(self, there: "There", restic: Restic) -> None:
        """Remove locks that a restic killed there has left; the proof of its death is the host's process table."""
        name = there.host.facts.host
        if any(lock.host == name for lock in self.restic.locks().locks):
            clear_locks(restic, there.here())
