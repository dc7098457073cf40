"""Systems assessed: parts and clauses from hosts' findings, and all that keeps them open."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from sec_ops.compliance.assess import Assessment, assess
from sec_ops.compliance.catalogue import Catalogue, build_catalogue
from sec_ops.compliance.collector import collector_digest, collector_script
from sec_ops.compliance.gather import HostRecord
from sec_ops.compliance.hosts import HostJudge
from sec_ops.compliance.rulebook import Rulebook
from sec_ops.compliance.scope import ScopedSystem
from sec_ops.content.kinds import CLAUSES, HIGH_RISK
from sec_ops.content.library import Library
from sec_ops.model.audit import ClauseResult, PartResult
from sec_ops.model.check import Check, Probe
from sec_ops.model.clause import RequirementSet
from sec_ops.model.content import Layer, Loaded, Origin
from sec_ops.model.fact import Fact, FactPack, FactState, Provenance
from sec_ops.model.organisation import AssessedObject, NotApplicable, ObjectKind
from sec_ops.model.values import Text
from sec_ops.model.verdict import Verdict
from tests.unit.compliance.samples import TEXT, check

DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
DECIDED = "8.1.4.1-a.1"
SHARED = {name: Probe(id=name, run=f"show /{name}") for name in ("os_release", "first", "second")}


@cache
def catalogue() -> Catalogue:
    return build_catalogue(Library.open(None).objects(CLAUSES).values())


def rulebook(*checks: Check) -> Rulebook:
    origin = Origin(layer=Layer.SHIPPED, path="x.yml", line=1, sha256="0" * 64)
    return Rulebook(
        checks={each.id: Loaded(each, origin) for each in checks},
        shared=SHARED,
        catalogue=catalogue(),
        high_risk={name: loaded.value for name, loaded in Library.open(None).objects(HIGH_RISK).items()},
        digest="d",
    )


def rule(name: str = "linux-first", probe: str = "first", part: str = DECIDED, **changes: Any) -> Check:
    """Return a check that holds where its fact is `good`."""
    usual: dict[str, Any] = {"id": name, "probe": [probe], "decides": [part], "parameters": {}, "observed": None}
    return check(**(usual | {"assert": f"fact.{probe} == 'good'", "partial": f"fact.{probe} == 'half'"} | changes))


def pack(provenance: Provenance = Provenance.COLLECTED, **texts: str | FactState) -> FactPack:
    given: dict[str, str | FactState] = {"os_release": DEBIAN, "first": "good", "second": "good"} | texts
    return FactPack(
        host="h",
        collector_sha256="c",
        collected_at="2026-11-23T00:00:00Z",
        provenance=provenance,
        complete=True,
        facts={name: fact(name, value) for name, value in given.items()},
    )


def fact(name: str, value: str | FactState) -> Fact:
    state, text = (FactState.READ, value) if not isinstance(value, FactState) else (value, "")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Fact(id=name, state=state, exit_code=0, text=text, sha256=digest, elapsed_ms=1)


def system(**changes: Any) -> ScopedSystem:
    return ScopedSystem(**({"id": "s", "name": Text(**TEXT), "grading": "S3A3G3", "hosts": ("h1",)} | changes))


def assessed(
    book: Rulebook, packs: Iterable[FactPack | None] = (pack(),), systems: tuple[ScopedSystem, ...] | None = None
) -> Assessment:
    entries = [(record(f"h{number}", each), each) for number, each in enumerate(packs, 1)]
    names = tuple(entry.name for entry, _ in entries)
    return assess(book, systems or (system(hosts=names),), entries)


def record(name: str, given: FactPack | None) -> HostRecord:
    return HostRecord(
        name=name,
        state="collected" if given else "failed",
        error=None if given else "connection_refused",
        provenance=given.provenance if given else Provenance.COLLECTED,
        blob="b" * 64 if given else None,
    )


def clause_of(found: Assessment, clause: str = "8.1.4.1-a") -> ClauseResult:
    return next(each for each in found.clauses if each.id == clause)


def part_of(found: Assessment, part: str = DECIDED) -> PartResult:
    return next(each for clause in found.clauses for each in clause.parts if each.id == part)


def test_every_general_clause_of_level_3_has_a_result_and_a_reason() -> None:
    found = assessed(rulebook(rule()))
    assert len(found.clauses) == 211
    assert all(str(part.reason) for clause in found.clauses for part in clause.parts)
    assert all(str(clause.reason) for clause in found.clauses)


@pytest.mark.parametrize(
    ("packs", "verdict"),
    [
        ([pack()], Verdict.COMPLIANT),
        ([pack(first="bad")], Verdict.NON_COMPLIANT),
        ([pack(first="half")], Verdict.PARTIAL),
        ([pack(first=FactState.UNREADABLE)], Verdict.UNDETERMINED),
        ([pack(first=FactState.ABSENT)], Verdict.NON_COMPLIANT),
        ([pack(os_release="ID=plan9")], Verdict.UNDETERMINED),
        ([pack(), None], Verdict.UNDETERMINED),
        ([None], Verdict.UNDETERMINED),
        ([pack(first="bad"), None], Verdict.NON_COMPLIANT),
        ([pack(), pack(first="bad")], Verdict.NON_COMPLIANT),
        ([pack(provenance=Provenance.SELF_REPORTED)], Verdict.MANUAL),
        ([pack(provenance=Provenance.RECORDED)], Verdict.MANUAL),
        ([pack(provenance=Provenance.SELF_REPORTED, first="bad")], Verdict.NON_COMPLIANT),
    ],
)
def test_a_part_over_its_hosts(packs: list[FactPack | None], verdict: Verdict) -> None:
    assert part_of(assessed(rulebook(rule()), packs)).verdict is verdict


def test_self_reported_facts_pass_where_the_policy_says_so() -> None:
    given = pack(provenance=Provenance.SELF_REPORTED)
    trusted = frozenset(Provenance)
    found = assess(rulebook(rule()), (system(),), [(record("h1", given), given)], trusted=trusted)
    assert part_of(found).verdict is Verdict.COMPLIANT


def test_a_host_that_was_not_visited_keeps_the_part_open() -> None:
    found = assessed(rulebook(rule()), systems=(system(unvisited=("h9",)),))
    assert part_of(found).verdict is Verdict.UNDETERMINED
    assert "h9" in str(part_of(found).reason)


def test_a_part_no_check_decides_waits_for_a_person() -> None:
    found = assessed(rulebook(rule()))
    assert part_of(found, "8.1.4.1-a.2").verdict is Verdict.MANUAL
    assert clause_of(found).verdict is Verdict.MANUAL
    assert "8.1.4.1-a.2" in clause_of(found).open_parts


@pytest.mark.parametrize("shown_only", [{"severity": "low"}, {"affects_verdict": False}, {"min_level": 4}])
def test_what_is_only_shown_never_moves_a_verdict(shown_only: dict[str, Any]) -> None:
    shown = rule("linux-second", "second", **shown_only)
    failing = pack(second="bad")
    found = assessed(rulebook(rule(), shown), [failing])
    assert part_of(found).verdict is Verdict.COMPLIANT
    assert len(part_of(found).findings) == 2
    assert part_of(assessed(rulebook(shown), [failing])).verdict is Verdict.MANUAL


def test_the_worst_of_two_checks_decides_the_part() -> None:
    found = assessed(rulebook(rule(), rule("linux-second", "second")), [pack(second="bad")])
    assert part_of(found).verdict is Verdict.NON_COMPLIANT
    assert "linux-second" in str(part_of(found).reason)
    assert "linux-first" not in str(part_of(found).reason)


def test_a_part_that_facts_only_help_with_waits_for_a_person() -> None:
    helped = "8.1.4.1-a.5"
    assert part_of(assessed(rulebook(rule(part=helped))), helped).verdict is Verdict.MANUAL
    assert part_of(assessed(rulebook(rule(part=helped)), [pack(first="bad")]), helped).verdict is Verdict.NON_COMPLIANT


def test_other_objects_of_a_system_wait_for_a_person() -> None:
    database = AssessedObject(id="db", kind=ObjectKind.DATABASE, name=Text(**TEXT))
    room = AssessedObject(id="room", kind=ObjectKind.MACHINE_ROOM, name=Text(**TEXT))
    assert part_of(assessed(rulebook(rule()), systems=(system(objects=(database,)),))).verdict is Verdict.MANUAL
    assert part_of(assessed(rulebook(rule()), systems=(system(objects=(room,)),))).verdict is Verdict.COMPLIANT


def test_not_applicable_has_its_recorded_reason() -> None:
    recorded = NotApplicable.model_validate({"clause": "8.1.4.1-a", "reason": TEXT, "by": "wang", "on": "2026-11-01"})
    clause = clause_of(assessed(rulebook(rule()), [pack(first="bad")], (system(not_applicable=(recorded,)),)))
    assert clause.verdict is Verdict.NOT_APPLICABLE
    assert clause.reason == Text(**TEXT)


def test_a_check_that_applies_nowhere_leaves_its_part_not_applicable() -> None:
    nowhere = rule(when="false", when_reason=TEXT)
    assert part_of(assessed(rulebook(nowhere))).verdict is Verdict.NOT_APPLICABLE


def test_level_2_is_decided_by_the_same_check() -> None:
    found = assessed(rulebook(rule()), systems=(system(grading="S2A2G2"),))
    twins = [part for clause in found.clauses for part in clause.parts if part.findings]
    assert twins
    assert all(part.id.startswith("7.") for part in twins)
    above = assessed(rulebook(rule(min_level=3)), systems=(system(grading="S2A2G2"),))
    assert {part.verdict for clause in above.clauses for part in clause.parts if part.findings} == {Verdict.MANUAL}


def test_level_4_adds_what_is_stronger() -> None:
    found = assessed(rulebook(rule()), systems=(system(grading="S4A4G4"),))
    assert len(found.clauses) == 228
    assert [part.verdict for clause in found.clauses for part in clause.parts if part.findings] == [Verdict.COMPLIANT]


def test_extension_sets_are_judged_when_the_system_declares_them() -> None:
    found = assessed(rulebook(rule()), systems=(system(requirement_sets=(RequirementSet.CLOUD,)),))
    assert len(found.clauses) == 211 + 46


def test_high_risk_goes_with_the_failure_and_its_level() -> None:
    risky = rule(high_risk={"id": "HR-CES-01"})
    failing = pack(first="bad")
    assert clause_of(assessed(rulebook(risky), [failing])).high_risk == ("HR-CES-01",)
    assert clause_of(assessed(rulebook(risky))).high_risk == ()
    assert assessed(rulebook(risky), [failing]).findings[0].high_risk == "HR-CES-01"


def test_groups_add_up() -> None:
    found = assessed(rulebook(rule()))
    for kind in ("system", "category", "control_point"):
        assert sum(sum(group.counts.values()) for group in found.groups if group.kind == kind) == 211
    assert sum(group.kind == "control_point" for group in found.groups) == 71
    assert sum(group.kind == "category" for group in found.groups) == 10


def test_two_systems_share_a_host() -> None:
    systems = (system(id="a"), system(id="b"), system(id="c", grading="S2A2G2"))
    found = assessed(rulebook(rule()), systems=systems)
    assert len(found.hosts) == 1
    assert found.hosts[0].system == "a, b, c"
    assert len(found.findings) == 2
    assert len(found.clauses) == 211 + 211 + 135


def test_evidence_is_one_step_away() -> None:
    finding = assessed(rulebook(rule()), [pack(first="bad\x1b[31m\n" + "x\n" * 100)]).findings[0]
    assert [reference.fact for reference in finding.evidence] == ["first"]
    assert finding.evidence[0].blob == "b" * 64
    assert finding.evidence[0].command == "show /first"
    assert finding.evidence[0].excerpt.startswith("bad\\x1b[31m\nx\n")
    assert len(finding.evidence[0].excerpt) < 200


def test_hosts_say_what_could_not_be_read() -> None:
    found = assessed(rulebook(rule()), [pack(first=FactState.UNREADABLE), None, pack(os_release="ID=plan9")])
    assert found.hosts[0].unread == ("first",)
    assert (found.hosts[1].state, found.hosts[1].error) == ("failed", "connection_refused")
    assert not found.hosts[2].known_platform
    assert "operating system" in str(found.hosts[2].reason)


def test_another_version_of_the_collector_is_said() -> None:
    book = rulebook(rule())
    same = collector_digest(collector_script(book.probes))
    given = [pack(), pack().model_copy(update={"collector_sha256": same})]
    hosts = assessed(book, given).hosts
    assert "another version of the collector" in str(hosts[0].reason)
    assert hosts[1].reason is None


def test_verified_on_real_systems_of_this_platform_only() -> None:
    found = assessed(rulebook(rule(verified_on=["debian-12"])), [pack(), pack(os_release="ID=debian\nVERSION_ID=13")])
    assert [finding.verified_here for finding in found.findings] == [True, False]


def test_the_memo_changes_nothing() -> None:
    book = rulebook(rule(), rule("linux-second", "second"))
    packs = [pack(), pack(first="bad"), pack(), pack(first="bad", second=FactState.FAILED)]
    remembering, forgetting = HostJudge(book), HostJudge(book, remembered=0)
    for each in packs:
        assert remembering.judge(each, "b").judgements == forgetting.judge(each, "b").judgements


def test_results_are_plain_values() -> None:
    found = assessed(rulebook(rule()), [pack(first="bad")])
    assert found.findings[0].model_dump(mode="json")["verdict"] == "non_compliant"
    assert found.findings[0].evidence[0].model_copy() == found.findings[0].evidence[0]
