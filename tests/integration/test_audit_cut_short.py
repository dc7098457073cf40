"""Audits that can't go on: interrupted, terminated, out of space on our own disk, a scan without end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.audit_site import AuditSite, host_variables
from tests.integration.ssh_controller import sessions, soon
from tests.testbed import Bed, Host, HostPlan, faults
from tests.testbed.accounts import make_key_pair
from tests.testbed.changes import upper_changes, upper_entries
from tests.testbed.layers import large_tree_layer

pytestmark = pytest.mark.integration

SHIPPED_PROBES = Path(__file__).parents[2] / "rules/graded_protection/probes/linux"


def site_for(bed: Bed, root: Path, hosts: dict[str, dict[str, object]]) -> AuditSite:
    passwords = {f"PASSWORD_{name.upper()}": each.password for name, each in bed.accounts.items()}
    site = AuditSite(root=root, prefix=bed.controller_command([]), environment=passwords).init()
    site.write_hosts(hosts, bed.known_hosts.read_text())
    return site


def has_left(host: Host) -> bool:
    """Whether a visitor has come to the host and gone."""
    return b"Accepted publickey" in host.log.read_bytes() and not sessions(host)


# --- Ctrl-C


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["interrupted", "terminated"]
)
def test_what_was_collected_before_an_interruption_is_kept(bed, hosts, tmp_path, number, code):
    quick, stuck = hosts(4)[:2], hosts(4)[2:]
    for host in stuck:
        faults.replace_shell(host, "#!/usr/bin/dash\nexec sleep 600\n")
    for host in quick:
        host.restart()
    site = site_for(bed, tmp_path / "site", {host.name: host_variables(host, bed) for host in (*quick, *stuck)})
    with site.start("audit", "run", "--hosts", "all") as running:
        came = soon(lambda: all(has_left(host) for host in quick))
        running.send_signal(number)
        stdout, stderr = running.communicate(timeout=60)
    assert came, stderr
    assert running.returncode == code, stderr
    (run,) = site.runs()
    answer = site.run("audit", "show", run.name)
    document = answer.document
    assert document["interrupted"] is True
    assert "interrupted" in json.loads(stdout)["outcome"]
    assert {name: host["state"] for name, host in answer.hosts().items()} == {
        **{host.name: "collected" for host in quick},
        **{host.name: "failed" for host in stuck},
    }
    assert {answer.hosts()[host.name]["error"] for host in stuck} == {"interrupted"}
    assert len(answer.findings(quick[0].name)) > 50
    assert site.verify()["faults"] == []
    sealed = site.run("evidence", "list", "--run", run.name).document["entries"]
    assert [each["data"]["host"] for each in sealed if each["kind"].startswith("audit.facts")] != []
    assert [each["data"]["interrupted"] for each in sealed if each["kind"].startswith("audit.run")] == [True]


# --- our own disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[list[str]]:
    """The command that enters a mount namespace of its own, where `tmp_path`/disk is a small file system."""
    folder = tmp_path / "disk"
    folder.mkdir()
    script = f"mount -t tmpfs -o size=16m none {folder} && echo ready && exec sleep 600"
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation=private", "sh", "-c", script], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    yield ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "--"]
    holder.kill()
    holder.wait()
    holder.stdout.close()


@pytest.mark.parametrize("left", [0, 30_000, 150_000, 400_000, 1_000_000])
def test_a_full_disk_of_our_own_is_an_error_and_harms_no_evidence(bed, hosts, tmp_path, small_disk, left):
    three = hosts(3)
    enter = [*bed.controller_command([]), *small_disk]
    disk = tmp_path / "disk"
    site = AuditSite(root=disk / "site", prefix=enter).init()
    inventory = AuditSite(root=tmp_path / "staging")
    inventory.write_hosts({host.name: host_variables(host, bed) for host in three}, bed.known_hosts.read_text())
    subprocess.run([*enter, "cp", "-r", f"{inventory.root}/inventory", f"{site.root}/"], check=True)
    filling = f"head -c {left} /dev/zero >{disk}/spare; cat /dev/zero >{disk}/filler; rm {disk}/spare"
    subprocess.run([*enter, "sh", "-c", filling], stderr=subprocess.DEVNULL, check=True)
    answer = site.audit()
    if answer.code != 5:
        assert left >= 400_000, answer.stdout + answer.stderr
        assert answer.code in (1, 3)
    else:
        error = answer.document["error"]
        assert error["name"] == "storage"
        assert "space" in error["why"] + error["message"]
        assert "Traceback" not in answer.stderr
    assert site.verify()["faults"] == []
    subprocess.run([*enter, "rm", f"{disk}/filler"], check=True)
    assert site.verify()["faults"] == []
    before = site.verify()["entries"]
    assert site.audit().code in (1, 3)
    assert site.verify()["entries"] > before


# --- scans and traces


def test_a_scan_cut_short_decides_nothing(bed, host, tmp_path):
    host.restart(HostPlan(layers=(large_tree_layer(),)))
    site = site_for(bed, tmp_path / "site", {host.name: host_variables(host, bed)})
    shipped = (SHIPPED_PROBES / "permission_scan.yml").read_text()
    assert "seconds_bound: 45" in shipped
    assert '"$walk" / ' in shipped
    # A quick machine walks over 500,000 cached files within the bound; forty times it does not.
    slower = shipped.replace('"$walk" / ', f'"$walk" {"/ " * 40}')
    impatient = slower.replace("seconds_bound: 45", "seconds_bound: 1") + "overrides: permission_scan\n"
    probe = site.write("rules/graded_protection/probes/linux/permission_scan.yml", impatient)
    approve(site, probe)
    answer = site.audit()
    assert answer.code == 3, answer.stderr
    assert answer.hosts()[host.name]["state"] == "collected"
    assert answer.hosts()[host.name]["unread"].count("permission_scan") == 1
    findings = answer.findings(host.name)
    scanned = [name for name, verdict in findings.items() if verdict == "undetermined"]
    assert {"linux-world-writable-files", "linux-files-without-owner"} <= set(scanned)


def approve(site: AuditSite, probe: Path) -> None:
    """Have a security administrator approve a probe that somebody else wrote."""
    key = site.root.parent / "approver"
    make_key_pair(key, "approver")
    public = " ".join((site.root.parent / "approver.pub").read_text().split()[:2])
    grant = "{role: %s, by: third, on: 2026-01-05, document: No. 1}"
    people = [("author", grant % "system_administrator", ""), ("approver", grant % "security_administrator", public)]
    lines = ["people:"]
    for name, role, key_text in (*people, ("third", "", "")):
        lines += [f"  - id: {name}", f"    name: {name}", "    unit: office", f"    roles: [{role}]"]
        lines += [f"    keys: [{{key: {key_text}, valid_from: 2026-01-05}}]"] if key_text else []
    site.write("inventory/people.yml", "\n".join(lines) + "\n")
    site.write("inventory/sites/office.yml", "units: [{id: office, name: {zh: 局, en: Office}, kind: city}]\n")
    done = site.run("content", "approve", str(probe), "--key", str(key), "--author", "author")
    assert done.code == 0, done.stderr


@pytest.mark.parametrize("user", ["root", "officer"])
def test_an_audit_changes_no_more_than_a_login(bed, hosts, tmp_path, user):
    audited, visited = hosts(2)
    before_audit, before_login = upper_entries(audited), upper_entries(visited)
    rights: dict[str, object] = {"ansible_user": "root"}
    login = ["true"]
    if user != "root":
        rights = {"ansible_user": user, "sec_ops_privilege": "streamed"}
        rights["sec_ops_sudo_password"] = {"env": f"PASSWORD_{user.upper()}"}
        login = ["sudo -k -S -p '' true"]
    site = site_for(bed, tmp_path / "site", {audited.name: host_variables(audited, bed, **rights)})
    assert site.audit().hosts()[audited.name]["state"] == "collected"
    subprocess.run(
        bed.ssh_command(visited, login, user=user), input=f"{bed.account('officer').password}\n".encode(), check=True
    )
    by_audit = {(each.change, each.entry.path) for each in upper_changes(audited, before_audit)}
    by_login = {(each.change, each.entry.path) for each in upper_changes(visited, before_login)}
    assert by_audit - by_login == set()
