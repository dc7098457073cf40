"""Content that is not sound, or not approved: exit 4, all faults at once, and nothing is run."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.audit_site import Answer, AuditSite

CHECKS = "rules/graded_protection/checks/linux"
PROBES = "rules/graded_protection/probes/linux"

SOUND = """\
id: {id}
title: {{zh: 一, en: One}}
decides: [8.1.4.1-a.1]
platform: linux
probe: [{{id: {probe}, run: "echo 1", parse: integer}}]
assert: fact.{probe} == 1
rationale: {{zh: 一, en: One}}
rectify: {{text: {{zh: 一, en: One}}}}
cases:
  - {{name: one, expect: compliant, facts: {{{probe}: "1"}}}}
  - {{name: two, expect: non_compliant, facts: {{{probe}: "2"}}}}
"""


def sound(name: str) -> str:
    return SOUND.format(id=name, probe=name.replace("-", "_"))


class Door:
    """Listens where the inventory's only host is said to be, and counts who comes."""

    def __init__(self) -> None:
        self.visitors = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self.socket.accept()
            except OSError:
                return
            self.visitors += 1
            visitor.close()


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.socket.shutdown(socket.SHUT_RDWR)
    door.socket.close()


@pytest.fixture
def site(tmp_path: Path, door: Door) -> AuditSite:
    site = AuditSite(root=tmp_path / "site").init()
    host = {"ansible_host": "127.0.0.1", "ansible_port": door.port, "ansible_user": "root"}
    site.write_hosts({"only": host}, "")
    return site


def refused(site: AuditSite, door: Door) -> Answer:
    """Audit; nothing may have been run."""
    answer = site.audit()
    assert answer.code == 4, answer.stdout + answer.stderr
    assert site.runs() == []
    assert door.visitors == 0
    assert answer.document["outcome"] == ["invalid"]
    assert site.verify()["entries"] == 3
    return answer


def faults_of(answer: Answer) -> dict[str, str]:
    """The faults by the file's name, all of a file in one text."""
    found: dict[str, str] = {}
    for fault in answer.document["error"]["faults"]:
        name = Path(fault["file"]).name
        found[name] = f"{found.get(name, '')}{fault['line']}: {fault['path']}: {fault['message']}\n"
    return found


def test_without_faults_the_door_is_knocked_at(site: AuditSite, door: Door) -> None:
    answer = site.audit()
    assert answer.code == 3
    assert answer.hosts()["only"]["state"] == "failed"
    assert door.visitors == 1


def test_every_fault_of_every_file_is_told_at_once(site: AuditSite, door: Door) -> None:
    site.write(f"{CHECKS}/linux-a-broken.yml", "id: linux-a-broken\ntitle: {zh: 一, en: [\n")
    site.write(f"{CHECKS}/linux-b-keys.yml", sound("linux-b-keys") + "rational: x\nseverity: grave\n")
    site.write(f"{CHECKS}/linux-c-part.yml", sound("linux-c-part").replace("8.1.4.1-a.1", "8.1.4.99-a.1"))
    cel = sound("linux-d-cel").replace("fact.linux_d_cel == 1", '"fact.linux_d_cel == == 1"')
    site.write(f"{CHECKS}/linux-d-cel.yml", cel)
    site.write(f"{CHECKS}/linux-e-twice.yml", sound("linux-e-twice"))
    site.write("rules/graded_protection/checks/other/linux-e-twice.yml", sound("linux-e-twice"))
    found = faults_of(refused(site, door))
    assert set(found) == {
        "linux-a-broken.yml",
        "linux-b-keys.yml",
        "linux-c-part.yml",
        "linux-d-cel.yml",
        "linux-e-twice.yml",
    }
    assert "rational:" in found["linux-b-keys.yml"]
    assert "severity:" in found["linux-b-keys.yml"]
    assert "8.1.4.99-a.1" in found["linux-c-part.yml"]
    assert "assert" in found["linux-d-cel.yml"]
    assert "linux-e-twice" in found["linux-e-twice.yml"]
    assert not [text for text in found.values() if text.startswith("0:")], found


@pytest.mark.parametrize("name", ["linux-root-login", "linux-ssh-root-login"])
def test_a_probe_nobody_approved_is_not_run(site: AuditSite, door: Door, name: str) -> None:
    text = sound(name)
    if name == "linux-ssh-root-login":
        text = text.replace("title:", "overrides: linux-ssh-root-login\ntitle:")
    site.write(f"{CHECKS}/{name}.yml", text)
    answer = refused(site, door)
    assert answer.document["error"]["name"] == "not_approved"
    assert list(faults_of(answer)) == [f"{name}.yml"]
    assert "content approve" in answer.document["error"]["next"]


def test_a_shared_probe_nobody_approved_is_not_run(site: AuditSite, door: Door) -> None:
    site.write(f"{PROBES}/login_defs.yml", "id: login_defs\noverrides: login_defs\nrun: cat /etc/shadow\n")
    answer = refused(site, door)
    assert "login_defs.yml" in faults_of(answer)


def test_an_inventory_that_is_not_sound_is_not_visited(site: AuditSite, door: Door) -> None:
    host = {"ansible_host": "127.0.0.1", "ansible_port": door.port, "ansible_user": "root", "ansible_password": "x"}
    site.write_hosts({"only": host | {"sec_ops_privilige": "root"}, "other": {"ansible_port": "many"}}, "")
    messages = faults_of(refused(site, door))["hosts.yml"]
    assert "ansible_password" in messages
    assert "sec_ops_privilige" in messages
    assert "ansible_port" in messages


def test_a_configuration_that_is_not_sound_stops_everything(site: AuditSite, door: Door) -> None:
    site.configure(parallel=0, known_host="x")
    messages = faults_of(refused(site, door))["sec-ops.yml"]
    assert "parallel" in messages
    assert "known_host" in messages
