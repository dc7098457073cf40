"""The ways to be root that the fleet guide teaches, with its very lines, on a real host of the test bed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, fenced
from tests.integration.audit_site import Answer, AuditSite, host_variables
from tests.testbed.bed import Bed
from tests.testbed.host import Host

GUIDE = ROOT / "docs" / "how-to" / "audit-a-fleet.md"
pytestmark = pytest.mark.integration


def sudoers_lines(*needed: str) -> str:
    """The guide's block of sudoers lines that has all the words, for the bed's user without sudo."""
    blocks = [text for _, text in fenced(GUIDE, "text")] + re.findall(r"`(secops ALL=[^`]*)`", GUIDE.read_text())
    (found,) = [block for block in blocks if all(word in block for word in needed)]
    return re.sub(r"\bsecops\b", "guest", found).rstrip("\n") + "\n"


def audited(bed: Bed, host: Host, folder: Path, **variables: object) -> Answer:
    site = AuditSite(
        root=folder / "site",
        prefix=bed.controller_command([]),
        environment={"SUDO_PASSWORD": bed.accounts["guest"].password},
    ).init()
    changed = host_variables(host, bed, ansible_user="guest", **variables)
    site.write_hosts({host.name: changed}, bed.known_hosts.read_text())
    return site.audit()


def test_streamed_with_a_password(bed: Bed, host: Host, tmp_path: Path) -> None:
    host.write("/etc/sudoers.d/sec-ops", sudoers_lines("/bin/sh", "requiretty"), mode=0o440)
    answer = audited(bed, host, tmp_path, sec_ops_privilege="streamed", sec_ops_sudo_password={"env": "SUDO_PASSWORD"})
    assert_read_as_root(answer, host, "streamed")


def test_streamed_with_a_key_alone(bed: Bed, host: Host, tmp_path: Path) -> None:
    host.write("/etc/sudoers.d/sec-ops", sudoers_lines("NOPASSWD: /bin/sh"), mode=0o440)
    assert_read_as_root(audited(bed, host, tmp_path, sec_ops_privilege="streamed"), host, "streamed")


def test_pinned(bed: Bed, host: Host, tmp_path: Path) -> None:
    collector = tmp_path / "collector"
    site = AuditSite(root=tmp_path / "writing").init()
    assert site.run("audit", "collector", "--output", str(collector)).code == 0
    digest = hashlib.sha256(collector.read_bytes()).hexdigest()
    install = next(text for _, text in fenced(GUIDE, "text") if text.startswith("install "))
    place = install.split()[-1]
    host.write(place, collector.read_bytes(), mode=0o755)
    rule = re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{digest}", sudoers_lines("sha256:", place))
    host.write("/etc/sudoers.d/sec-ops", rule, mode=0o440)
    host.run(["visudo", "-c"])
    assert_read_as_root(audited(bed, host, tmp_path, sec_ops_privilege="pinned"), host, "pinned")


def assert_read_as_root(answer: Answer, host: Host, privilege: str) -> None:
    told = answer.hosts()[host.name]
    assert (told["state"], told["error"], told["privilege"]) == ("collected", None, privilege), told
    assert "shadow_kinds" not in told["unread"]
    assert answer.findings(host.name)["linux-password-empty"] == "compliant"
