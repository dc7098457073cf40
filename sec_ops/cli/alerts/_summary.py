"""`alerts list --seal`: the summary of the day, sealed."""

from sec_ops.cli.alerting import report_alerts, site_suppressions
from sec_ops.cli.alerts._opened import opened_database
from sec_ops.cli.output import note
from sec_ops.cli.sealing import evidence_of
from sec_ops.detection.alerts.summary import Known, summary_of
from sec_ops.detection.alerts.suppressing import Standing
from sec_ops.detection.alerts.telling import gravity_of
from sec_ops.detection.live.standing import read_standing
from sec_ops.detection.rule import Level
from sec_ops.inventory.loading import load_inventory
from sec_ops.model.evidence import DetectionRun, DetectionSummary
from sec_ops.model.messages import message
from sec_ops.model.notice import Notify
from sec_ops.notify.notifiers import takes
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.site import Site
from sec_ops.transport.process import run_program

__all__ = ["seal_summary"]


def seal_summary(site: Site) -> int:
    """Seal what detection did in the last day and how alerts stand; return the entry's number.

    Alerts that nobody was told of yet, because there were too many, are told of too.
    """
    configuration = load_configuration(site)
    least = Level(configuration.detection.notify)
    inventory = load_inventory(site.root, run_program, cache=site.state / "inventory")
    now_ms = int(SystemClock().now().timestamp() * 1000)
    suppressions = site_suppressions(site)
    held = [each for each in suppressions.all if each.standing(now_ms) is Standing.IN_FORCE]
    with evidence_of(site) as log, opened_database(site) as database:
        report_alerts(site, database, suppressions, log, clock=SystemClock())
        known = Known(
            systems={name: [host.name for host in inventory.hosts_of(name)] for name in inventory.systems},
            runs=[entry for entry in log.entries() if entry.kind == DetectionRun.kind],
            live=read_standing(site.state),
            notify=least,
            notifiers=_told_by(configuration.notify, least),
            suppressions=len(held),
            now_ms=now_ms,
        )
        summary = summary_of(database, known)
        number = log.append(DetectionSummary.kind, summary.model_dump(mode="json"))
    note(message("sealed as entry {number}", number=number))
    return number


def _told_by(notify: Notify, least: Level) -> int:
    """Return how many notifiers take notices of alerts of the level."""
    return sum(takes(each, "detection.alert", gravity_of(least)) for each in notify.notifiers)
