"""What a run of detection leaves in a site: its alerts, its folder, its entry in the evidence log."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from sec_ops.cli.alerting import report_alerts
from sec_ops.cli.sealing import evidence_of
from sec_ops.detection.alerts.suppressing import Suppressions
from sec_ops.detection.database import DATABASE, Database, open_database
from sec_ops.detection.moments import moment_text
from sec_ops.detection.run.findings import Findings
from sec_ops.detection.run.gathering import Span
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.canonical import canonical_json
from sec_ops.model.evidence import DetectionRun
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.run import Run, create_run
from sec_ops.runtime.site import Site

__all__ = ["Keeper", "Sealed", "keeper_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What is sealed of a run: how it was asked for, what it came to.

    `not_read` counts files and parts that could not be read.
    """

    mode: str
    request: Mapping[str, Any]
    document: Mapping[str, Any]
    findings: Findings
    span: Span
    rules_digest: str
    not_read: int
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A run that a site keeps."""

    site: Site
    suppressions: Suppressions
    run: Run
    database: Database
    log: EvidenceLog

    def seal(self, sealed: Sealed) -> None:
        """Write the run's documents, seal them, then seal and tell of the alerts that opened; raises StorageError."""
        self.run.write("request.json", dict(sealed.request))
        self.run.write("findings.json", dict(sealed.document))
        entry = _entry(self.run, sealed, dict(self.run.seal()))
        blob = {name: sealed.document[name] for name in ("hits", "cannot_fire", "set_aside", "refused")}
        self.log.append(
            entry.kind, entry.model_dump(mode="json"), blob=canonical_json(blob), media_type="application/json"
        )
        report_alerts(self.site, self.database, self.suppressions, self.log, clock=SystemClock())


@contextmanager
def keeper_of(site: Site, suppressions: Suppressions) -> Iterator[Keeper]:
    """Open what a run is kept in; raises UsageError when the site has no evidence log, before anything is read."""
    with evidence_of(site) as log, closing(open_database(site.var / DATABASE)) as database:
        run = create_run(site.runs, "detect", clock=SystemClock(), randomness=secrets.token_bytes)
        yield Keeper(site=site, suppressions=suppressions, run=run, database=database, log=log)


def _entry(run: Run, sealed: Sealed, manifest: dict[str, str]) -> DetectionRun:
    findings, kept, rules = sealed.findings, sealed.findings.kept, sealed.findings.rules
    return DetectionRun(
        run=run.name,
        mode=sealed.mode,
        since=moment_text(sealed.span.since_us),
        until=moment_text(sealed.span.until_us),
        events=findings.events,
        unknown_shape=findings.unknown_shape,
        not_read=sealed.not_read,
        rules_loaded=rules.loaded,
        rules_cannot_fire=len(rules.silent),
        rules_refused=len(rules.refused),
        rules_set_aside=len(rules.set_aside),
        searches_given_up=findings.given_up,
        rules_sha256=sealed.rules_digest,
        hits=sum(findings.hits.values()),
        repeated=kept.repeated if kept else 0,
        suppressed=sum(findings.suppressed.values()),
        alerts_opened=len(kept.opened) if kept else 0,
        alerts_reopened=len(kept.reopened) if kept else 0,
        alerts_grown=len(kept.grown) if kept else 0,
        outcome=tuple(each.label for each in sealed.outcomes),
        manifest=manifest,
    )
