"""`detect hunt` put together: the store read, judged, shown; kept and sealed."""

from collections.abc import Iterable
from contextlib import nullcontext

from sec_ops.cli.detect._asked import Asked, made, span_of, zone_of
from sec_ops.cli.detect._findings import Shown, outcomes_of, show_findings
from sec_ops.cli.detect._keeping import Sealed, keeper_of
from sec_ops.cli.logs._store import fields_of
from sec_ops.cli.progress import Progress
from sec_ops.content.library import Library
from sec_ops.detection.database import Database
from sec_ops.detection.live.kept import close_gaps
from sec_ops.detection.rule import Level
from sec_ops.detection.run.gathering import Span
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.site import Site
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.workflows.hunt import hunt

__all__ = ["hunt_in_store"]


def hunt_in_store(site: Site, asked: Asked) -> Iterable[Outcome]:
    """Judge the stored events by rules and show what was found; return how it came out.

    Raises UsageError for a store that isn't read by columns, ContentInvalid, EngineError, StorageError.
    """
    if load_configuration(site).logs.store != "embedded":
        advice = message("see: {command}", command="sec-ops detect run --store elastic")
        raise UsageError(message("the events of this site are not in the embedded store"), advice=advice)
    _zone_name, zone = zone_of(site)
    span = span_of(asked, zone)
    ready = made(site, Library.open(site.root), asked, zone)
    progress = Progress()
    store = EmbeddedStore(site.logs, types=fields_of(site), clock=SystemClock())
    try:
        with keeper_of(site, ready.suppressions) if asked.keep else nullcontext() as keeper:
            database = keeper.database if keeper else None
            findings = hunt(store, ready.setting, span, site=database, progress=progress)
            progress.clear()
            outcomes = outcomes_of(findings, asked.fail_on)
            shown = Shown(
                findings=findings,
                run=keeper.run.name if keeper else "",
                zone=zone,
                more={},
                notes=(),
            )
            if keeper:
                sealed = Sealed(
                    mode="hunt",
                    request=asked.document(),
                    document=shown.document(),
                    findings=findings,
                    span=span,
                    rules_digest=ready.rules_digest,
                    not_read=0,
                    outcomes=outcomes,
                )
                keeper.seal(sealed)
                _close_gaps(keeper.database, asked, span, ready.setting.now_ms)
    finally:
        store.close()
    show_findings("sec-ops/detect-hunt", shown, outcomes)
    return outcomes


def _close_gaps(database: Database, asked: Asked, span: Span, now_ms: int) -> None:
    """Take away the gaps of live detection that a hunt with all rules has been over."""
    if not asked.rules and asked.level is Level.INFORMATIONAL:
        since_ms = 0 if span.since_us is None else span.since_us // 1000
        close_gaps(database, since_ms, now_ms if span.until_us is None else span.until_us // 1000)
