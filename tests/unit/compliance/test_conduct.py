"""An audit from request to sealed result, with a fleet in memory and a real evidence log."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sec_ops.compliance.audit import outcomes_of, read_result, read_sealed_result
from sec_ops.compliance.conduct import AuditRequest, Conductor
from sec_ops.compliance.gather import HostRecord
from sec_ops.compliance.rulebook import Rulebook, load_rulebook
from sec_ops.content.kinds import PROBES
from sec_ops.content.library import Library
from sec_ops.evidence.log import init_log, open_evidence
from sec_ops.inventory.inventory import Inventory
from sec_ops.model.audit import AuditResult
from sec_ops.model.check import Severity
from sec_ops.model.content import Layer
from sec_ops.model.errors import ConnectionRefused, ContentInvalid, EvidenceBroken, UsageError
from sec_ops.model.fact import Provenance
from sec_ops.model.messages import message
from sec_ops.model.organisation import Host
from sec_ops.model.outcome import Outcome
from sec_ops.model.site import Collection
from sec_ops.model.verdict import Verdict
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.run import Run
from sec_ops.runtime.site import Site
from sec_ops.testing.fleet import Answer, FakeFleet
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Reply, Target

NONCE = "00" * 16
BOUNDARY = "ab" * 16
DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
CLOCK = SystemClock()


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load_rulebook(Library.open(None), lambda path, digest: None)


def pack(facts: Mapping[str, str], *, nonce: str = NONCE, done: bool = True, host: str = "web") -> bytes:
    """Return what a collector writes: each fact read, with exit code 0."""
    lines = [f"@@sec-ops-facts 1 {BOUNDARY} {'cd' * 32} {int(CLOCK.now().timestamp())} {nonce} {host}"]
    for name, text in facts.items():
        frame = f"\n@@{BOUNDARY} begin {name}\n{text}\n@@{BOUNDARY} exit 0\n\n@@{BOUNDARY} end {name} in_time 1.00 1.01"
        lines.append(frame)
    if done:
        lines.append(f"\n@@{BOUNDARY} done {len(facts)} {int(CLOCK.now().timestamp())}")
    return ("\n".join(lines) + "\n").encode()


def whole(rulebook: Rulebook, **texts: str) -> dict[str, str]:
    return {probe.id: "" for probe in rulebook.probes} | {"os_release": DEBIAN} | texts


class Stage:
    """A site in a folder, with a fleet of scripted hosts."""

    def __init__(self, folder: Path, rulebook: Rulebook) -> None:
        self.site = Site(folder)
        self.rulebook = rulebook
        self.shown: list[HostRecord] = []
        init_log(self.site.evidence, origin="test", clock=CLOCK, randomness=os.urandom, run_program=run_program)

    def audit(self, answers: Mapping[str, Answer], request: AuditRequest, *, fleet: object = None) -> AuditResult:
        hosts = {name: Host(name=name, address="192.0.2.1") for name in answers}
        inventory = Inventory(
            folder=self.site.root, layer=Layer.SITE, units={}, systems={}, people={}, hosts=hosts, groups={}
        )
        visit = fleet or FakeFleet(answers, clock=CLOCK)
        with open_evidence(self.site.evidence, clock=CLOCK, randomness=os.urandom, run_program=run_program) as log:
            conductor = Conductor(
                site=self.site,
                collection=Collection(),
                rulebook=self.rulebook,
                log=log,
                inventory=lambda: inventory,
                visit=visit,  # type: ignore[arg-type]
                visit_here=visit,  # type: ignore[arg-type]
                clock=CLOCK,
                randomness=lambda count: bytes(count) if count == 16 else os.urandom(count),
                progress=lambda record: self.shown.append(record),  # noqa: PLW0108 - the protocol names its argument
            )
            return conductor.conduct(request)

    def run(self) -> Run:
        return Run(max(self.site.runs.iterdir()))

    def entries(self) -> list[dict[str, object]]:
        text = (self.site.evidence / "log" / "000000.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def stage(tmp_path: Path, rulebook: Rulebook) -> Stage:
    return Stage(tmp_path, rulebook)


def named(*names: str) -> AuditRequest:
    return AuditRequest(hosts=":".join(names))


def test_every_level_three_clause_is_judged_and_what_failed_is_named(stage: Stage, rulebook: Rulebook) -> None:
    failure = ConnectionRefused(message("nothing listens"))
    answers = {"web": Answer(output=pack(whole(rulebook))), "down": Answer(failure=failure)}
    result = stage.audit(answers, named("web", "down"))
    assert len(result.clauses) == 211
    states = {host.name: (host.state, host.error) for host in result.hosts}
    assert states == {"web": ("collected", None), "down": ("failed", "connection_refused")}
    assert not [clause for clause in result.clauses if clause.verdict is Verdict.COMPLIANT]
    assert Outcome.INCOMPLETE in outcomes_of(result)
    assert {record.name for record in stage.shown} == {"web", "down"}


def test_the_run_is_sealed_and_reads_back_as_it_was(stage: Stage, rulebook: Rulebook) -> None:
    result = stage.audit({"web": Answer(output=pack(whole(rulebook)))}, named("web"))
    run = stage.run()
    assert read_result(run) == AuditResult.model_validate_json(result.model_dump_json())
    kinds = [entry["kind"] for entry in stage.entries()]
    assert kinds[-2:] == ["audit.facts/1", "audit.run/1"]
    assert stage.entries()[-1]["data"]["manifest"] == run.read("manifest.json")  # type: ignore[index]


def test_judging_a_past_run_again_needs_no_host(stage: Stage, rulebook: Rulebook) -> None:
    facts = whole(rulebook, passwd="root:x:0:0:r:/root:/bin/sh\neve:x:0:0::/:/bin/sh\n")
    first = stage.audit({"web": Answer(output=pack(facts))}, named("web"))
    again = stage.audit({}, AuditRequest(sources=(first.run,)))
    assert [(each.check, each.verdict) for each in again.findings] == [(e.check, e.verdict) for e in first.findings]
    assert [(each.id, each.verdict) for each in again.clauses] == [(e.id, e.verdict) for e in first.clauses]
    assert again.run != first.run


def test_a_run_cut_short_while_it_is_judged_can_be_judged_again(
    stage: Stage, rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_words: object, **_named: object) -> None:
        raise KeyboardInterrupt

    answers = {"web": Answer(output=pack(whole(rulebook)))}
    with monkeypatch.context() as patched:
        patched.setattr("sec_ops.compliance.audit.assess", interrupt)
        with pytest.raises(KeyboardInterrupt):
            stage.audit(answers, named("web"))
    again = stage.audit({}, AuditRequest(sources=(stage.run().name,)))
    assert [(host.name, host.state) for host in again.hosts] == [("web", "collected")]


def test_a_result_is_exported_only_as_it_was_sealed(stage: Stage, rulebook: Rulebook) -> None:
    stage.audit({"web": Answer(output=pack(whole(rulebook)))}, named("web"))
    run = stage.run()
    with open_evidence(stage.site.evidence, clock=CLOCK, randomness=os.urandom, run_program=run_program) as log:
        assert read_sealed_result(run, log) == read_result(run)
        result = (run.folder / "result.json").read_bytes()
        (run.folder / "result.json").write_bytes(result.replace(b"non_compliant", b"compliant"))
        with pytest.raises(EvidenceBroken, match=r"result\.json"):
            read_sealed_result(run, log)
        run.seal()
        with pytest.raises(EvidenceBroken, match=r"manifest\.json"):
            read_sealed_result(run, log)


def test_a_shipped_check_that_reads_a_probe_of_the_site_is_the_sites(tmp_path: Path, rulebook: Rulebook) -> None:
    shipped = Library.open(None).objects(PROBES)["passwd"].origin
    probe = tmp_path / shipped.path
    probe.parent.mkdir(parents=True)
    text = (Library.open(None).shipped_root / shipped.path).read_text()
    probe.write_text(text + "overrides: passwd\n")
    changed = load_rulebook(Library.open(tmp_path), lambda path, digest: None).checks
    for name, check in rulebook.checks.items():
        origin = changed[name].origin
        reads = "passwd" in check.value.probe
        assert origin.layer is (Layer.SITE if reads else Layer.SHIPPED)
        assert origin.patched == (check.origin if reads else None)


def test_keys_that_cannot_be_read_leave_no_run(stage: Stage) -> None:
    def refuse(targets: object, script: object) -> None:
        raise ContentInvalid([])

    with pytest.raises(ContentInvalid):
        stage.audit({"web": Answer()}, named("web"), fleet=refuse)
    assert not stage.site.runs.exists()
    assert "audit.collector/1" not in {entry["kind"] for entry in stage.entries()}


@pytest.mark.parametrize(("level", "clauses"), [(1, 55), (2, 135), (4, 228)])
def test_a_past_run_is_judged_at_another_level(stage: Stage, rulebook: Rulebook, level: int, clauses: int) -> None:
    first = stage.audit({"web": Answer(output=pack(whole(rulebook)))}, named("web"))
    again = stage.audit({}, AuditRequest(sources=(first.run,), level=level))
    assert (again.level, len(again.clauses)) == (level, clauses)


def test_a_host_cut_short_keeps_what_arrived_and_leaves_the_rest_undetermined(stage: Stage, rulebook: Rulebook) -> None:
    output = pack({"os_release": DEBIAN}, done=False)
    result = stage.audit({"web": Answer(output=output, exit_code=None)}, named("web"))
    (host,) = result.hosts
    assert (host.state, host.error) == ("incomplete", "connection_lost")
    assert len(host.unread) == len(rulebook.probes) - 1
    assert {each.verdict for each in result.findings if each.check != "linux-distribution-supported"} <= {
        Verdict.UNDETERMINED
    }


def test_facts_with_another_nonce_are_not_believed(stage: Stage, rulebook: Rulebook) -> None:
    result = stage.audit({"web": Answer(output=pack(whole(rulebook), nonce="11" * 16))}, named("web"))
    assert result.hosts[0].state == "failed"
    assert not result.findings


def test_an_unknown_distribution_is_loud_and_undetermined(stage: Stage, rulebook: Rulebook) -> None:
    facts = whole(rulebook, os_release="ID=unknownos\n")
    result = stage.audit({"web": Answer(output=pack(facts))}, named("web"))
    assert not result.hosts[0].known_platform
    assert {finding.verdict for finding in result.findings} == {Verdict.UNDETERMINED}
    assert Outcome.INCOMPLETE in outcomes_of(result)


def test_control_c_keeps_what_was_collected(stage: Stage, rulebook: Rulebook) -> None:
    def interrupted(targets: list[Target], script: bytes) -> Iterator[Reply]:
        yield from FakeFleet({"web": Answer(output=pack(whole(rulebook)))}, clock=CLOCK)(targets[:1], script)
        raise KeyboardInterrupt

    result = stage.audit({"web": Answer(), "late": Answer()}, named("web", "late"), fleet=interrupted)
    assert result.interrupted
    assert Outcome.INTERRUPTED in outcomes_of(result)
    assert {host.name: host.state for host in result.hosts} == {"web": "collected", "late": "failed"}
    assert stage.entries()[-1]["data"]["interrupted"] is True  # type: ignore[index]


def test_facts_from_a_stick_wait_for_a_person(stage: Stage, rulebook: Rulebook, tmp_path: Path) -> None:
    file = tmp_path / "facts"
    file.write_bytes(pack(whole(rulebook), nonce="-", host="school-7"))
    result = stage.audit({}, AuditRequest(sources=(str(file),), level=2))
    (host,) = result.hosts
    assert (host.name, host.provenance) == ("school-7", Provenance.SELF_REPORTED)
    assert len(result.clauses) == 135
    assert not {finding.verdict for finding in result.findings} & {Verdict.COMPLIANT, Verdict.NOT_APPLICABLE}


def test_brought_facts_must_repeat_the_word_they_were_given(stage: Stage, rulebook: Rulebook, tmp_path: Path) -> None:
    file = tmp_path / "facts"
    file.write_bytes(pack(whole(rulebook), nonce="autumn-2026", host="school-7"))
    with pytest.raises(UsageError, match=r"autumn-2026"):
        stage.audit({}, AuditRequest(sources=(str(file),), nonce="spring-2027"))
    assert stage.audit({}, AuditRequest(sources=(str(file),), nonce="autumn-2026")).findings


@pytest.mark.parametrize("content", [b"", b"nothing\n", b"@@sec-ops-facts 9 x"])
def test_what_is_no_fact_pack_is_refused_before_a_run_is_made(stage: Stage, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "facts"
    file.write_bytes(content)
    with pytest.raises(UsageError):
        stage.audit({}, AuditRequest(sources=(str(file),)))
    assert not stage.site.runs.exists()


def test_two_packs_of_one_host_are_refused(stage: Stage, rulebook: Rulebook, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(pack(whole(rulebook), nonce="-"))
    with pytest.raises(UsageError):
        stage.audit({}, AuditRequest(sources=(str(tmp_path / "a"), str(tmp_path / "b"))))


def test_switching_a_check_off_never_makes_a_part_pass(stage: Stage, rulebook: Rulebook) -> None:
    part = "8.1.4.1-a.2"
    deciding = {name: each for name, each in rulebook.checks.items() if part in each.value.decides}
    kept = {name: each for name, each in rulebook.checks.items() if name != "linux-account-uid-zero"}
    assert "linux-account-uid-zero" in deciding
    stage.rulebook = replace(rulebook, checks=kept, disabled={"linux-account-uid-zero": (part,)})
    facts = whole(rulebook, passwd="root:x:0:0:r:/root:/bin/sh\neve:x:0:0::/:/bin/sh\n", duplicate_accounts="")
    result = stage.audit({"web": Answer(output=pack(facts))}, named("web"))
    (found,) = [each for clause in result.clauses for each in clause.parts if each.id == part]
    assert found.verdict is not Verdict.COMPLIANT
    assert "linux-account-uid-zero" in str(found.reason)
    assert result.disabled == ("linux-account-uid-zero",)


def test_only_failures_of_the_asked_severity_count(stage: Stage, rulebook: Rulebook) -> None:
    result = stage.audit({"web": Answer(output=pack(whole(rulebook)))}, named("web"))
    assert Outcome.FINDINGS in outcomes_of(result)
    lower = [each.model_copy(update={"severity": Severity.MEDIUM}) for each in result.findings]
    mild = result.model_copy(update={"findings": tuple(lower)})
    assert Outcome.FINDINGS not in outcomes_of(mild, fail_on=Severity.HIGH)
