"""Rooms and doors of alerts, put together for every command that detects: suppressions, evidence, notices."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sec_ops.detection.alerts.sealing import seal_alerts
from sec_ops.detection.alerts.sealing_suppressions import seal_suppressions
from sec_ops.detection.alerts.suppressing import Suppressions, load_suppressions
from sec_ops.detection.alerts.telling import Telling, tell_alerts
from sec_ops.detection.database import Database
from sec_ops.detection.rule import Level
from sec_ops.model.protocols import Clock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import storage_error
from sec_ops.runtime.site import Site

if TYPE_CHECKING:
    from sec_ops.evidence.log import EvidenceLog

__all__ = ["Reported", "report_alerts", "site_suppressions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """How many alerts and changes of suppressions were sealed, and how many alerts people were told of."""

    sealed: int
    suppressions: int
    told: int


def site_suppressions(site: Site) -> Suppressions:
    """Return the suppressions of a site with what is known of their approvals; raises ContentInvalid, StorageError."""
    from sec_ops.content.library import Library
    from sec_ops.identity.approvals import ContentApprovals, read_approvals
    from sec_ops.identity.people import load_people
    from sec_ops.transport.process import run_program

    library = Library.open(site.root)
    approvals = ContentApprovals(
        approvals=read_approvals(site.approvals), people=load_people(library), run_program=run_program
    )
    return load_suppressions(library, approvals, ZoneInfo(load_configuration(site).logs.zone))


def report_alerts(
    site: Site, database: Database, suppressions: Suppressions, log: "EvidenceLog", *, clock: Clock
) -> Reported:
    """Seal what changed since this was last done, then put notices of it into the outbox.

    Called after hits were kept; calling it again, or after a crash, does what is left to do. Raises StorageError,
    EvidenceBroken, ContentInvalid.
    """
    from sec_ops.cli.schedule_run import open_outbox

    now_ms = int(clock.now().timestamp() * 1000)
    configuration = load_configuration(site)
    changes = seal_suppressions(
        database, suppressions, log.append_many, now_ms=now_ms, read=lambda path: _bytes(site, path)
    )
    sealed = seal_alerts(database, log.append_many)
    telling = Telling(
        least=Level(configuration.detection.notify),
        language=configuration.notify.language,
        put=open_outbox(site).put,
    )
    return Reported(sealed=sealed, suppressions=changes, told=tell_alerts(database, telling, now_ms=now_ms))


def _bytes(site: Site, path: str) -> bytes:
    try:
        return (site.root / path).read_bytes()
    except OSError as error:
        raise storage_error(site.root / path, error) from error
