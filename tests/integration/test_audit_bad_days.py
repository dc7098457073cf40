"""One audit of a fleet on its worst day: it finishes, and says of each host what it could not see and why."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.audit_site import Answer, AuditSite
from tests.integration.ssh_controller import WRONG
from tests.integration.worst_day import COLLECTED, FAILED, HOSTS_NEEDED, INCOMPLETE, Fleet
from tests.testbed import Bed

pytestmark = pytest.mark.integration

OUTPUT_BOUND = 4_000_000
DEADLINE = 45
PASSING = {"compliant", "not_applicable"}
FAILING = {"non_compliant", "partial"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The audit of that day, and the same facts judged again when every host was down."""

    site: AuditSite
    bed: Bed
    audit: Answer
    again: Answer

    def host(self, name: str) -> dict[str, Any]:
        return self.audit.hosts()[name]

    def facts(self, name: str) -> bytes:
        """The bytes a host had sent, out of the evidence."""
        entries = self.site.run("evidence", "list", "--kind", "audit.facts", "--last", "1000").document["entries"]
        (sequence,) = [each["seq"] for each in entries if each["data"]["host"] == name]
        target = self.site.root.parent / f"{name}.facts"
        target.unlink(missing_ok=True)
        assert self.site.run("evidence", "show", str(sequence), "--output", str(target)).code == 0
        return target.read_bytes()


@pytest.fixture(scope="module")
def day(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder = tmp_path_factory.mktemp("worst-day")
    site = site_of(bed, folder / "site")
    site.configure(host_deadline_seconds=DEADLINE, output_bound_bytes=OUTPUT_BOUND)
    hosts = bed.up(HOSTS_NEEDED)
    with ExitStack() as stack:
        fleet = Fleet(bed, hosts, folder, stack)
        fleet.prepare()
        site.write_hosts(fleet.variables, fleet.known)
        audit = site.audit(timeout=DEADLINE + 120)
    bed.stop_hosts(hosts)
    again = site.audit("--from", audit.document["run"])
    bed.reset_hosts(hosts)
    return Day(site=site, bed=bed, audit=audit, again=again)


def site_of(bed: Bed, root: Path) -> AuditSite:
    passwords = {f"PASSWORD_{name.upper()}": each.password for name, each in bed.accounts.items()}
    environment = {**passwords, "PASSWORD_WRONG": WRONG}
    return AuditSite(root=root, prefix=bed.controller_command([]), environment=environment).init()


def test_it_finishes_and_says_that_something_is_missing(day: Day) -> None:
    assert day.audit.code == 3, day.audit.stderr
    assert set(day.audit.document["outcome"]) == {"findings", "incomplete"}
    assert set(day.audit.hosts()) == {*FAILED, *INCOMPLETE, *COLLECTED}


@pytest.mark.parametrize("name", FAILED)
def test_a_host_that_could_not_be_read_says_why(day: Day, name: str) -> None:
    host = day.host(name)
    assert (host["state"], host["error"]) == ("failed", FAILED[name])
    assert host["reason"]
    assert day.audit.findings(name) == {}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_a_host_that_broke_off_keeps_what_it_said(day: Day, name: str) -> None:
    host = day.host(name)
    assert (host["state"], host["error"]) == ("incomplete", INCOMPLETE[name])
    assert host["reason"]
    assert "os_release" not in host["unread"]
    assert day.facts(name)


@pytest.mark.parametrize("name", COLLECTED)
def test_a_host_that_answered_is_judged(day: Day, name: str) -> None:
    host = day.host(name)
    assert (host["state"], host["error"]) == ("collected", None)
    assert bool(host["reason"]) is (name == "unknown-distribution")
    assert len(day.audit.findings(name)) > 50


def test_no_clause_passes_while_a_host_was_not_seen(day: Day) -> None:
    verdicts = set(day.audit.verdicts().values())
    assert verdicts & FAILING
    decided = [clause for clause in day.audit.document["clauses"] if any(part["findings"] for part in clause["parts"])]
    assert {clause["verdict"] for clause in decided} <= {"undetermined", *FAILING}


@pytest.mark.parametrize("name", ["sudo", "sudo-without-password", "slow-line", "disk-full", "busybox"])
def test_the_way_in_does_not_change_the_verdicts(day: Day, name: str) -> None:
    # A scan that the load of the whole fleet cut short says so, and is no difference between hosts.
    healthy, other = day.audit.findings("healthy"), day.audit.findings(name)
    differing = {check for check in healthy if healthy[check] != other[check]}
    assert {check for check in differing if "undetermined" not in (healthy[check], other[check])} == set()
    unread = {*day.host("healthy")["unread"], *day.host(name)["unread"]}
    assert unread <= {"permission_scan"} or not differing


def test_who_may_not_read_knows_what_was_not_read(day: Day) -> None:
    host = day.host("without-rights")
    assert host["privilege"] == "user"
    assert "shadow_kinds" in " ".join(host["unread"]) or host["unread"]
    assert "undetermined" in day.audit.findings("without-rights").values()


def test_bytes_that_are_no_text_arrive_as_they_are(day: Day) -> None:
    assert b"\xff\xfe\x00\x01binary\x80\n" in day.facts("binary")


def test_a_fact_beyond_its_bound_decides_nothing(day: Day) -> None:
    assert "login_defs" in day.host("too-long")["unread"]
    assert day.audit.findings("too-long")["linux-password-maximum-age-default"] == "undetermined"


def test_a_flood_is_kept_up_to_its_bound(day: Day) -> None:
    assert len(day.facts("flooding")) == OUTPUT_BOUND


def test_a_forged_fact_is_nobodys(day: Day) -> None:
    host = day.host("forging")
    assert host["name"] == "forging"
    assert {"login_defs", "sshd_effective"} <= set(host["unread"])
    verdicts = day.audit.findings("forging")
    assert verdicts["linux-password-maximum-age-default"] == "undetermined"
    assert set(verdicts.values()) <= {"undetermined", "not_applicable"}


def test_facts_of_another_day_are_no_answer(day: Day) -> None:
    assert "nonce" in day.host("replaying")["reason"]
    assert b" yesterday " in day.facts("replaying")


def test_an_unknown_distribution_is_said_loudly(day: Day) -> None:
    host = day.host("unknown-distribution")
    assert (host["known_platform"], host["family"]) == (False, "unknown")
    verdicts = day.audit.findings("unknown-distribution")
    assert set(verdicts.values()) == {"undetermined"}
    shown = day.site.run_text("audit", "show")
    assert host["distribution"] in shown.stdout


@pytest.mark.parametrize(("name", "distribution"), [("openeuler", "openEuler"), ("kylin", "kylin")])
def test_kin_of_red_hat_is_judged_as_such(day: Day, name: str, distribution: str) -> None:
    host = day.host(name)
    assert (host["known_platform"], host["family"]) == (True, "rhel")
    assert distribution in host["distribution"]
    verdicts = day.audit.findings(name)
    assert sum(verdict in FAILING | PASSING for verdict in verdicts.values()) > 25


def test_facts_judged_again_without_any_host_say_the_same(day: Day) -> None:
    assert day.again.code == day.audit.code
    assert day.again.document["run"] != day.audit.document["run"]
    assert day.again.document["content_digest"] == day.audit.document["content_digest"]
    assert day.again.document["clauses"] == day.audit.document["clauses"]
    assert day.again.hosts() == day.audit.hosts()


def test_the_evidence_is_sound(day: Day) -> None:
    assert day.site.verify()["faults"] == []


def test_no_password_is_anywhere(day: Day) -> None:
    passwords = [WRONG, *(account.password for account in day.bed.accounts.values())]
    outputs = [day.audit.stdout, day.audit.stderr, day.site.run_text("audit", "show").stdout]
    sent = [day.facts(name) for name, host in day.audit.hosts().items() if host["blob"]]
    places = [*(text.encode() for text in outputs), *day.site.files(), *sent]
    assert [password for password in passwords if any(password.encode() in place for place in places)] == []
