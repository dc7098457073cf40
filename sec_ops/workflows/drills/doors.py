"""All that a drill needs of the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sec_ops.backup.record.record import Record
from sec_ops.backup.restic.calling import Doors
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.opening import open_repository, placed
from sec_ops.backup.sheet.values import Sheet
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.drill.planning.plan import DrillPlan
from sec_ops.drill.running.halting import Halt
from sec_ops.drill.running.journal import Step
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_scenario import DrillKind
from sec_ops.model.drill_scenario import Fault as Injected
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message
from sec_ops.model.organisation import Host
from sec_ops.model.protocols import Clock, Randomness, RunProgram, SecretReader
from sec_ops.runtime.secrets import Secret
from sec_ops.runtime.site import Site
from sec_ops.transport.halting import halting

__all__ = ["AskedDrill", "DrillDoors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedDrill:
    """A drill as somebody asked for it. Moments are aware UTC; `lost_at` None is the start of the drill.

    With `waits` people decide: to begin, and that users are switched.
    """

    plan: DrillPlan
    lost_at: datetime | None = None
    until: datetime | None = None
    waits: bool = False
    inject: Sequence[Injected] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillDoors:
    """The rooms and doors of a site. `lost` are repositories that count as lost, `hosts` those of each system.

    `controller` and `place` name this machine; `hear` is told of each step. `looked` judges a system's runs in a
    repository that was listed, as is done before anything is dropped, so that what is encrypted is held. `sheet` is the
    printed sheet, for scenarios that have nothing else. `halt` ends the drill when somebody asks it to.
    """

    site: Site
    record: Record
    log: EvidenceLog
    restic: Doors
    read_secret: SecretReader
    trust: frozenset[str]
    clock: Clock
    randomness: Randomness
    run_program: RunProgram
    controller: str
    place: str = ""
    lost: Sequence[Repository] = ()
    hosts: Mapping[str, Sequence[Host]] = field(default_factory=dict)
    sheet: Sheet | None = None
    hear: Callable[[Step], None] = lambda _step: None
    halt: Halt = field(default_factory=Halt)
    looked: Callable[[Restic, str], Judged] = lambda _restic, _system: Judged(verdict=Verdict.OK, what=message("done"))

    def opened(self, repository: Repository, kind: DrillKind, halt: Halt) -> Restic:
        """Return a repository that is read and never written, by its escrow key where the usual one is lost.

        Raises ContentInvalid for what can't be read.
        """
        if kind is DrillKind.LOST_KEY:
            repository = _by_escrow(repository)
        opened = open_repository(repository, self.read_secret, folder=self.site.root)
        doors = replace(self.restic, stream=halting(self.restic.stream, lambda: halt.asked))
        return Restic(repository=opened, doors=doors, take_locks=False)

    def secret_of_site(self, reference: Mapping[Any, str]) -> Secret:
        """Return a secret whose file is taken from the site's folder; raises ContentInvalid."""
        return self.read_secret(placed(reference, self.site.root))


def _by_escrow(repository: Repository) -> Repository:
    if repository.escrow is None:
        what = message("{repository} names no escrow key", repository=repository.id)
        file = f"backup/repositories/{repository.id}.yml"
        raise ContentInvalid([Fault(file=file, line=0, path="escrow", message=what)])
    return repository.model_copy(update={"password": repository.escrow})
