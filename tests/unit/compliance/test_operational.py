"""What operations have sealed, in an audit of a key system: fresh, stale, missing, and judged again."""

import hashlib
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sec_ops.compliance.conduct import AuditRequest, Conductor
from sec_ops.compliance.rulebook import Rulebook, load_rulebook
from sec_ops.content.library import Library
from sec_ops.evidence.log import init_log, open_evidence
from sec_ops.inventory.inventory import Inventory
from sec_ops.model.audit import AuditResult, Finding, PartResult
from sec_ops.model.content import Layer
from sec_ops.model.evidence import LogsSummary
from sec_ops.model.organisation import Host, KeySystem
from sec_ops.model.site import Collection
from sec_ops.model.values import Text
from sec_ops.model.verdict import Verdict
from sec_ops.reports.html import render_html
from sec_ops.reports.json import audit_document
from sec_ops.reports.terminal import render_terminal
from sec_ops.reports.xlsx import render_xlsx
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.site import Site
from sec_ops.testing.fleet import Answer, FakeFleet
from sec_ops.transport.process import run_program

NAME = Text(zh="x", en="x")
KEPT = {"expected": 2, "arriving": 2, "reach_days": 190}
SILENT = {"expected": 2, "arriving": 1, "silent": 1, "reach_days": 190}


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load_rulebook(Library.open(None), lambda path, digest: None)


class LateClock(SystemClock):
    """The system's clock, some hours on."""

    def __init__(self, hours: int = 0) -> None:
        self.hours = hours

    def now(self) -> Any:
        return super().now() + timedelta(hours=self.hours)


class Stage:
    """A site with one key system of one unreachable host, and its evidence."""

    def __init__(self, folder: Path, rulebook: Rulebook) -> None:
        self.site = Site(folder)
        self.rulebook = rulebook
        self.clock = LateClock()
        init_log(self.site.evidence, origin="t", clock=self.clock, randomness=os.urandom, run_program=run_program)

    def seal(self, system: str, **hosts: int) -> None:
        data = {"day": "2026-11-26", "retention_days": 200, "systems": [{"id": system, "hosts": hosts}]}
        with self.opened() as log:
            log.append(LogsSummary.kind, data)

    def opened(self) -> Any:
        return open_evidence(self.site.evidence, clock=self.clock, randomness=os.urandom, run_program=run_program)

    def audit(self, **asked: Any) -> AuditResult:
        with self.opened() as log:
            fleet = FakeFleet({"web": Answer(output=b"")}, clock=self.clock)
            return Conductor(
                site=self.site,
                collection=Collection(),
                rulebook=self.rulebook,
                log=log,
                inventory=_inventory,
                visit=fleet,
                visit_here=fleet,
                clock=self.clock,
                randomness=os.urandom,
                progress=lambda record: None,
            ).conduct(AuditRequest(**asked))


def _inventory() -> Inventory:
    system = KeySystem(
        id="records",
        name=NAME,
        unit="city",
        grading="S3A3G3",
        leader="lin",
        operator="chen",
        rto_seconds=1,
        rpo_seconds=1,
        hosts=("web",),
    )
    hosts = {"web": Host(name="web", address="192.0.2.1")}
    return Inventory(
        folder=Path(), layer=Layer.SITE, units={}, systems={"records": system}, people={}, hosts=hosts, groups={}
    )


@pytest.fixture
def stage(tmp_path: Path, rulebook: Rulebook) -> Stage:
    return Stage(tmp_path, rulebook)


def part(result: AuditResult, name: str) -> PartResult:
    (found,) = [each for clause in result.clauses for each in clause.parts if each.id == name]
    return found


def findings(result: AuditResult) -> Mapping[str, Finding]:
    return {each.check: each for each in result.findings if each.check.startswith("logs-")}


@pytest.mark.parametrize(
    ("sealed", "hours", "found", "judged"),
    [
        # A person still has to say whether the inventory names every device.
        (("records", KEPT), 0, Verdict.COMPLIANT, Verdict.MANUAL),
        (("records", SILENT), 0, Verdict.PARTIAL, Verdict.PARTIAL),
        (("records", KEPT), 37, Verdict.UNDETERMINED, Verdict.UNDETERMINED),
        (("records", KEPT), -1, Verdict.UNDETERMINED, Verdict.UNDETERMINED),  # sealed by a clock that was ahead
        (("other", KEPT), 0, Verdict.UNDETERMINED, Verdict.UNDETERMINED),
        (None, 0, Verdict.UNDETERMINED, Verdict.UNDETERMINED),
    ],
)
def test_what_a_summary_says_of_central_collection(
    stage: Stage, sealed: tuple[str, dict[str, int]] | None, hours: int, found: Verdict, judged: Verdict
) -> None:
    if sealed:
        stage.seal(sealed[0], **sealed[1])
    stage.clock.hours = hours
    result = stage.audit(system="records")
    assert findings(result)["logs-arrive-centrally"].verdict is found
    assert part(result, "8.1.5.4-d.1").verdict is judged


def test_the_newest_summary_counts(stage: Stage) -> None:
    stage.seal("records", **KEPT)
    stage.seal("records", **SILENT)
    assert part(stage.audit(system="records"), "8.1.5.4-d.1").verdict is Verdict.PARTIAL


def test_judged_again_it_says_the_same_whatever_was_sealed_since(stage: Stage) -> None:
    stage.seal("records", **KEPT)
    first = stage.audit(system="records")
    stage.seal("records", **SILENT)
    stage.clock.hours = 100
    again = stage.audit(sources=(first.run,))
    assert findings(again) == findings(first)


def test_hosts_chosen_for_one_audit_are_not_judged_by_operations(stage: Stage) -> None:
    stage.seal("records", **KEPT)
    result = stage.audit(hosts="web")
    assert findings(result) == {}
    assert part(result, "8.1.5.4-d.1").verdict is Verdict.MANUAL


def test_reports_show_the_entry_it_rests_on(stage: Stage) -> None:
    stage.seal("records", **SILENT)
    result = stage.audit(system="records")
    with stage.opened() as log:
        (entry,) = [each for each in log.entries() if each.kind == LogsSummary.kind]
    (reference,) = findings(result)["logs-arrive-centrally"].evidence
    assert reference.command == f"evidence log, entry {entry.seq}"
    assert (reference.fact, reference.collected_at) == (LogsSummary.kind, entry.t)
    line = (stage.site.evidence / "log" / "000000.jsonl").read_bytes().split(b"\n")[entry.seq]
    assert reference.sha256 == hashlib.sha256(line).hexdigest()
    assert reference.command in render_html(result, "en").decode()
    assert "hosts 1/2" in str(audit_document(result, "zh"))
    assert render_xlsx(result, "zh")
    assert "8.1.5.4-d" in render_terminal(result, "zh", width=100, color="never")
